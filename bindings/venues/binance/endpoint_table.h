// SPDX-License-Identifier: Apache-2.0
//
// Binance's endpoints that are more than reading: which may never be called, which only when the
// binding names them, which are orders. One table (endpoint_table.cc); the policy and the table in
// docs/binance.md are made from it.
// Source: the lists of endpoints on developers.binance.com; the tiers are ours.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace keyswap::bindings::binance {

enum class Tier : std::uint8_t {
  value_out,  // 1: moves value out, or opens a door to it; no configuration lets it through
  internal,   // 2: moves value within the account, or makes debt; only when named in `endpoints:`
  order,      // 3: orders, within limits; only when named, but for those open by default
};

// How the value of an order is read from its parameters (bindings/venues/binance/order.cc).
enum class OrderForm : std::uint8_t {
  none,         // no order
  single,       // type, price, quantity, quoteOrderQty
  conditional,  // the same with strategyType
  modify,       // price, quantity; nothing says that it reduces
  amend,        // newQty, which can only be less
  batch,        // several as JSON
  modify_batch,
  oco_by_price,  // price and stopLimitPrice, the old form
  oco,           // above..., below...
  oto,           // working..., pending...
  otoco,         // working..., pendingAbove..., pendingBelow...
  opo,           // as oto; the pending quantity is what the working order brings
  opoco,
  unvaluable,  // an order whose value cannot be read from its request
};

// What is traded: decides which types have a price, and what a symbol looks like.
enum class Market : std::uint8_t { spot, usd_futures, coin_futures, options };

struct Endpoint {
  Tier tier = Tier::value_out;
  std::string_view group;
  // "POST", "PUT" or "DELETE"; "" = any but GET and HEAD.
  std::string_view method;
  // A '*' ends a segment and stands for the rest of it; "**" is the last segment and stands for
  // one or more.
  std::string_view path;
  OrderForm form = OrderForm::none;
  Market market = Market::spot;
  bool is_test = false;  // places nothing
  bool is_open_by_default = false;
};

std::span<const Endpoint> endpoints();

// How the tables of docs/binance.md name the value of such an order; "" for none.
std::string_view order_value_text(OrderForm form, Market market);
// The table of docs/binance.md, as Markdown.
std::string endpoint_table_markdown();

}  // namespace keyswap::bindings::binance
