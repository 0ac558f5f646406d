// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/honeytoken.h"

#include <algorithm>

namespace keyswap::flow {

std::vector<std::uint32_t> honeytokens_in(const Request& request) {
  const auto& bindings = request.bindings;
  std::vector<std::uint32_t> found;
  if (!bindings.has_honeytokens()) {
    return found;
  }
  const bindings::HeadParts head = request.parts();
  for (std::size_t part = 0; part < head.size(); ++part) {
    bindings.find_placeholders(head[part], found);
  }
  std::erase_if(found, [&](std::uint32_t rule) {
    return bindings.rules[rule].kind != bindings::RuleKind::honeytoken;
  });
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

}  // namespace keyswap::flow
