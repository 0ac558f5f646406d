// SPDX-License-Identifier: Apache-2.0
#include "bindings/approval_rule.h"

#include <algorithm>

namespace keyswap::bindings {

bool ApprovalRule::may_concern(const RequestReadings& request) const {
  return request.may_be_among(methods) &&
         (paths.empty() || std::ranges::any_of(paths, [&](const PathPattern& path) {
            return request.may_be_at(path);
          }));
}

}  // namespace keyswap::bindings
