// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/real_value_mask.h"

#include "proxy/flow/real_sighting.h"

namespace keyswap::net {

std::string_view RealValueMask::operator()(std::string_view text) {
  if (search_ == nullptr || flow::is_without_secrets(*search_, text)) {
    return text;
  }
  return made_.emplace_front(flow::mask_real_values(*search_, text));
}

}  // namespace keyswap::net
