// SPDX-License-Identifier: Apache-2.0
//
// May a request to Binance be sent? The allow-list, what stands beyond it, and the limits of
// orders. Pure; it sees no secret.
#pragma once

#include <optional>
#include <string_view>

#include "bindings/binance/parameters.h"
#include "bindings/binance/trading_rules.h"
#include "bindings/signer.h"

namespace keyswap::bindings::binance {

// The part of an origin-form target behind '?', or "".
std::string_view query_of(std::string_view target);

// The parameters of a request whose body is a form, or empty; nothing if the body is anything else,
// is encoded, or comes with GET or HEAD, or if they can be read in more than one way.
std::optional<Parameters> parameters_of(const WholeRequest& request);

// Is it blocked, whatever it says? The host, the path, and what `rules` (nullptr: none) name.
bool is_blocked(const WholeRequest& request, const TradingRules* rules);

// The limits of an order; nothing to say of any other request.
Judgement judge_order(std::string_view method,
                      std::string_view path,
                      const Parameters& parameters,
                      const TradingRules* rules);

}  // namespace keyswap::bindings::binance
