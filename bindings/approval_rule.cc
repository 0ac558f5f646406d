// SPDX-License-Identifier: Apache-2.0
#include "bindings/approval_rule.h"

#include <algorithm>

namespace keyswap::bindings {

namespace {

bool may_be_at_one(const std::vector<PathPattern>& paths, const RequestReadings& request) {
  return paths.empty() || std::ranges::any_of(paths, [&](const PathPattern& path) {
           return request.may_be_at(path);
         });
}

}  // namespace

bool ApprovalRule::may_concern(const RequestReadings& request) const {
  return request.may_be_among(methods) && may_be_at_one(paths, request);
}

bool ApprovalRule::may_concern_by_body(const RequestReadings& request) const {
  return !request.may_be_among(methods) && may_be_at_one(paths, request);
}

}  // namespace keyswap::bindings
