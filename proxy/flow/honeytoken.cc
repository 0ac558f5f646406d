// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/honeytoken.h"

#include <algorithm>

#include "proxy/flow/sightings.h"

namespace keyswap::flow {

std::vector<std::uint32_t> honeytokens_in(const Request& request) {
  const auto& bindings = request.bindings;
  std::vector<std::uint32_t> found;
  if (!bindings.has_honeytokens()) {
    return found;
  }
  const std::size_t parts = request.parts().size();
  for (std::size_t part = 0; part < parts; ++part) {
    for (const std::uint32_t rule : rules_seen_in(request, part)) {
      if (bindings.rules[rule].kind == bindings::RuleKind::honeytoken) {
        found.push_back(rule);
      }
    }
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace keyswap::flow
