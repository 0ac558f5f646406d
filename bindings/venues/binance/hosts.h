// SPDX-License-Identifier: Apache-2.0
//
// Binance's hosts: the lists that `hosts:` of a binding may name, and what each host serves. One
// table (hosts.cc); the descriptor gives it to parsing and the reverse routes.
// Source: "General API Information" of developers.binance.com for each product.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bindings/venues/binance/endpoint_table.h"

namespace keyswap::bindings::binance {

// The first segment of a path: which product an endpoint belongs to.
enum class Family : std::uint8_t { api, sapi, fapi, dapi, eapi, papi };

struct Host {
  std::string_view list;  // "binance.spot"; "" = in no list
  std::string_view name;  // normal form
  std::uint8_t families = 0;
  // Takes orders as messages on a WebSocket, and nothing else: bound only with `websocket: true`.
  bool is_websocket_api = false;
  Market market = Market::spot;  // of the messages
  std::uint16_t other_port = 0;  // of the WebSocket API, besides 443; 0: none

  [[nodiscard]] bool serves(Family family) const {
    return (families & (1U << static_cast<unsigned>(family))) != 0;
  }
};

// Pays out to others: never bound, always blocked.
inline constexpr std::string_view kPayHost = "bpay.binanceapi.com";

std::span<const Host> hosts();
// The row of that host (normal form), or nullptr.
const Host* find_host(std::string_view name);

// The one path of the WebSocket API of that market; "" = it has none.
std::string_view websocket_path_of(Market market);

// Does the reverse route /binance/SEGMENT/ lead to that host? SEGMENT: api, sapi, fapi or dapi.
bool serves_route(std::string_view host, std::string_view segment);

}  // namespace keyswap::bindings::binance
