// SPDX-License-Identifier: Apache-2.0
//
// What a bindings.yaml says of the way to upstreams (docs/bindings.md, "Upstream").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy/http/target.h"

namespace keyswap::bindings {

// How a destination that is reached through the proxy is judged (I12): by the addresses that its
// name has here, too, or by its name alone, because names of the outside do not resolve here.
enum class ProxyGuard : std::uint8_t { resolve, names };

struct UpstreamProxy {
  std::string host;
  std::uint16_t port = 0;
  ProxyGuard guard = ProxyGuard::resolve;
};

struct UpstreamSettings {
  std::vector<std::string> ca_files;  // absolute paths
  // Line and column of each, for whoever finds later that the file cannot be used.
  std::vector<std::pair<int, int>> ca_file_places;
  // "host:port" -> where to connect instead; the name verified stays the same.
  std::unordered_map<std::string, http::Authority> resolve;
  std::unique_ptr<UpstreamProxy> proxy;  // null: none
};

}  // namespace keyswap::bindings
