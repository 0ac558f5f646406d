// SPDX-License-Identifier: Apache-2.0
//
// Binance's methods of the WebSocket API: which are open, which only when the binding names them,
// which are orders. The counterpart of bindings/venues/binance/endpoint_table.h for messages. A
// method that is not here is blocked: what the venue adds tomorrow is closed.
// Source: web-socket-api.md of binance-spot-api-docs; "WebSocket API" of the USDT-M and COIN-M
// futures on developers.binance.com. What is open is our choice, as for the REST endpoints.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bindings/message_signer.h"
#include "bindings/venues/binance/endpoint_table.h"

namespace keyswap::bindings::binance {

// What stands for the HTTP method in an entry of `endpoints:` that names a method of the WebSocket
// API, as in "WS order.cancelReplace".
inline constexpr std::string_view kMessageMethod = "WS";

struct Method {
  Market market = Market::spot;
  std::string_view name;  // without a version in front, unless the vendor's page has one
  bool is_open = false;   // else only when `endpoints` names it, as "WS name"
  // Does it take a signature? Not: market data, times, listen keys, what needs a logon.
  bool takes_signature = false;
  OrderForm form = OrderForm::none;
  bool is_test = false;  // places nothing
  LogonChange logon = LogonChange::none;
};

std::span<const Method> methods();

// The row of that method there, or nullptr. Compared byte by byte; `name` may have the version of
// the market's API in front, as "v3/order.place" of spot.
const Method* find_method(Market market, std::string_view name);

// The row of that method in any market: what does not depend on the market (logon, takes_signature)
// can be read there.
const Method* find_method(std::string_view name);

// Of [A-Za-z0-9._/-], 1 to 64 bytes.
bool is_method_name(std::string_view name);

// Does its name say that it moves value out (withdraw, payout, transfer, in any case)? No such
// method exists today; none will be let through.
bool is_value_out_method(std::string_view name);

// The table of docs/binance.md, as Markdown.
std::string method_table_markdown();

}  // namespace keyswap::bindings::binance
