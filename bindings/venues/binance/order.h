// SPDX-License-Identifier: Apache-2.0
//
// What an order is worth in USD, read from its own request: quoteOrderQty, or price x quantity;
// exact, rounded up. Where the request does not say it (a market order by quantity, a coin that is
// no dollar, contracts), the value is not known, and never guessed.
// Source: the pages of each order endpoint on developers.binance.com.
#pragma once

#include <span>
#include <string>

#include "bindings/order_limits.h"
#include "bindings/venues/binance/batch.h"
#include "bindings/venues/binance/endpoint_table.h"

namespace keyswap::bindings::binance {

// Malformed: a number that is none, quantity and quoteOrderQty together, a batch that cannot be
// read. `form` is not none. `named_symbols`: those that the binding names may have other characters
// than [A-Z0-9].
OrderReading read_order(OrderForm form,
                        Market market,
                        const TextFields& fields,
                        std::span<const std::string> named_symbols);

}  // namespace keyswap::bindings::binance
