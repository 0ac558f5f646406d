// SPDX-License-Identifier: Apache-2.0
//
// What an order is worth in USD, read from its own request: quoteOrderQty, or price x quantity;
// exact, rounded up. Where the request does not say it (a market order by quantity, a coin that is
// no dollar, contracts), the value is not known, and never guessed.
// Source: the pages of each order endpoint on developers.binance.com.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/venues/binance/batch.h"
#include "bindings/venues/binance/endpoint_table.h"

namespace keyswap::bindings::binance {

struct OrderReading {
  // A number that is none, quantity and quoteOrderQty together, a batch that cannot be read.
  bool is_malformed = false;
  bool is_valued = true;      // if not, value_e8 means nothing
  std::int64_t value_e8 = 0;  // kMoneyMax: more than fits
  // Upper case, each once. An empty text: an order does not say it.
  std::vector<std::string> symbols;
  std::vector<std::string> types;  // as they came; empty for an amendment
  std::vector<std::string> sides;
};

// `form` is not none. `named_symbols`: those that the binding names may have other characters than
// [A-Z0-9].
OrderReading read_order(OrderForm form,
                        Market market,
                        const TextFields& fields,
                        std::span<const std::string> named_symbols);

}  // namespace keyswap::bindings::binance
