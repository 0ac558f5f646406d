// SPDX-License-Identifier: Apache-2.0
//
// May a request to Binance be sent? The allow-list, what stands beyond it, and the limits of
// orders. Pure; it sees no secret.
#pragma once

#include <optional>
#include <string_view>

#include "bindings/signer.h"
#include "bindings/trading_rules.h"
#include "bindings/venues/binance/batch.h"
#include "bindings/venues/binance/endpoint_table.h"
#include "bindings/venues/binance/methods.h"
#include "bindings/venues/binance/parameters.h"

namespace keyswap::bindings::binance {

// The part of an origin-form target behind '?', or "".
std::string_view query_of(std::string_view target);

// The parameters of a request whose body is a form, or empty; nothing if the body is anything else,
// is encoded, or comes with GET or HEAD, or if they can be read in more than one way.
std::optional<Parameters> parameters_of(const WholeRequest& request);

// Is it blocked, whatever it says? The host, the path, and what `rules` (nullptr: none) name.
bool is_blocked(const WholeRequest& request, const TradingRules* rules);

// The row of a method that may be called at that host; nullptr if it is blocked, whatever the
// message says: a method that the host's market does not have, one that has to be named and is not,
// a host that takes no messages.
const Method* find_open_method(std::string_view method,
                               std::string_view host,
                               const TradingRules* rules);

// What is read of an order, and how.
struct OrderKind {
  OrderForm form = OrderForm::none;
  Market market = Market::spot;
  bool is_test = false;
};

// The limits of an order; nothing to say of any other request or message.
Judgement judge_order(const OrderKind& kind, const TextFields& fields, const TradingRules* rules);
Judgement judge_order(std::string_view method,
                      std::string_view path,
                      const Parameters& parameters,
                      const TradingRules* rules);

}  // namespace keyswap::bindings::binance
