// SPDX-License-Identifier: Apache-2.0
//
// What a binding of the scheme `binance` may trade (Scope::trading): parsed by
// bindings/parse_trading.cc, applied by bindings/venues/binance/policy.cc. Entries of a list of
// hosts share one object, so its address tells which scopes share one daily volume.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// An entry of `endpoints:`, e.g. "POST /sapi/v1/asset/transfer", or "WS order.cancelReplace".
struct NamedEndpoint {
  std::string method;  // upper case
  std::string path;    // exactly; of a message: its method
};

// What stands for the HTTP method in an entry that names a method of the WebSocket API.
inline constexpr std::string_view kMessageMethod = "WS";

struct TradingRules {
  // USD times 10^8; nothing: no bound.
  std::optional<std::int64_t> max_order_e8;
  std::optional<std::int64_t> daily_volume_e8;  // more than 0
  std::vector<std::string> symbols;             // upper case; empty = any
  std::vector<std::string> order_types;         // upper case; empty = any
  std::vector<NamedEndpoint> endpoints;         // beyond the default allow-list

  [[nodiscard]] bool has_limits() const { return max_order_e8 || daily_volume_e8; }
};

}  // namespace keyswap::bindings
