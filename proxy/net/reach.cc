// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/reach.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace keyswap::net {

namespace {

using Place = std::pair<std::string, std::uint16_t>;

std::optional<Place> mapped(const Policy& policy, const http::Authority& destination) {
  const auto& resolve = policy.bindings->upstream.resolve;
  const auto found = resolve.find(http::to_string(destination));
  if (found == resolve.end()) {
    return std::nullopt;
  }
  return Place{found->second.host, found->second.port};
}

std::optional<Place> proxy_of(const Policy& policy) {
  const auto& proxy = policy.bindings->upstream.proxy;
  return proxy == nullptr ? std::nullopt : std::optional(Place{proxy->host, proxy->port});
}

bool allows_alike(const Policy& then, const Policy& now, const http::Authority& destination) {
  return std::ranges::equal(then.bindings->allowed_addresses(destination),
                            now.bindings->allowed_addresses(destination),
                            [](const auto& one, const auto& other) {
                              return one.address == other.address &&
                                     one.prefix_bits == other.prefix_bits;
                            });
}

}  // namespace

bool leads_alike(const Policy& then, const Policy& now, const http::Authority& destination) {
  return then.number == now.number ||
         (then.upstream_tls->roots_sha256() == now.upstream_tls->roots_sha256() &&
          mapped(then, destination) == mapped(now, destination) &&
          proxy_of(then) == proxy_of(now) && allows_alike(then, now, destination));
}

}  // namespace keyswap::net
