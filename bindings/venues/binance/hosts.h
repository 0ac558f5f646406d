// SPDX-License-Identifier: Apache-2.0
//
// Binance's hosts: the lists that `hosts:` of a binding may name, and what each host serves. One
// table (hosts.cc); parsing, the reverse routes and docs/binance.md read it.
// Source: "General API Information" of developers.binance.com for each product.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/venues/binance/endpoint_table.h"

namespace keyswap::bindings::binance {

// The first segment of a path: which product an endpoint belongs to.
enum class Family : std::uint8_t { api, sapi, fapi, dapi, eapi, papi };

inline constexpr std::size_t kFamilies = 6;

// "api" for Family::api.
std::string_view name_of(Family family);
std::optional<Family> family_of(std::string_view name);

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

// Names of the lists, each once.
std::vector<std::string_view> host_lists();
// The hosts of a list that take requests: no WebSocket-API host. Empty if there is no such list.
std::vector<std::string_view> hosts_of_list(std::string_view list);

struct WebSocketHost {
  std::string_view name;
  std::uint16_t port = 443;
};

// The WebSocket-API hosts of a list, each with each of its ports.
std::vector<WebSocketHost> websocket_hosts_of_list(std::string_view list);

// The one path of the WebSocket API of that market; "" = it has none.
std::string_view websocket_path_of(Market market);

// For the reverse route /binance/FAMILY/: the index of the first scope whose host serves that
// family; nothing if none does.
std::optional<std::size_t> scope_for_family(Family family, std::span<const Scope> scopes);

}  // namespace keyswap::bindings::binance
