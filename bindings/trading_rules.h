// SPDX-License-Identifier: Apache-2.0
//
// What a binding may trade at a venue (Scope::trading): parsed by bindings/parse_trading.cc,
// applied by the venue's scheme. Entries of a list of hosts share one object.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// The keys of an entry of `bindings:` that say it; a venue takes some of them or all.
enum class TradingKey : std::uint8_t {
  max_order_usd,
  daily_volume_usd,
  symbols,
  order_types,
  endpoints,
};

inline constexpr std::array kTradingKeys = {TradingKey::max_order_usd,
                                            TradingKey::daily_volume_usd,
                                            TradingKey::symbols,
                                            TradingKey::order_types,
                                            TradingKey::endpoints};

// An entry of `endpoints:`: a word and what it names there, as in "POST /v1/transfer".
struct NamedEndpoint {
  std::string method;  // upper case; a venue may have words of its own
  std::string path;    // exactly
};

struct TradingRules {
  // USD times 10^8; nothing: no bound.
  std::optional<std::int64_t> max_order_e8;
  std::optional<std::int64_t> daily_volume_e8;  // more than 0
  std::vector<std::string> symbols;             // upper case; empty = any
  std::vector<std::string> order_types;         // upper case; empty = any
  std::vector<NamedEndpoint> endpoints;         // beyond what is open without being named
};

}  // namespace keyswap::bindings
