// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/address_order.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace keyswap::flow {

std::vector<std::string> in_turns_by_family(std::vector<std::string> addresses) {
  const auto is_ipv6 = [](const std::string& address) {
    return address.find(':') != std::string::npos;
  };
  std::vector<std::string> first;
  std::vector<std::string> second;
  for (std::string& address : addresses) {
    auto& family = first.empty() || is_ipv6(first.front()) == is_ipv6(address) ? first : second;
    if (std::ranges::find(family, address) == family.end()) {
      family.push_back(std::move(address));
    }
  }
  std::vector<std::string> ordered;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    for (auto* family : {&first, &second}) {
      if (i < family->size()) {
        ordered.push_back(std::move((*family)[i]));
      }
    }
  }
  return ordered;
}

}  // namespace keyswap::flow
