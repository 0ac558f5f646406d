// SPDX-License-Identifier: Apache-2.0
//
// An order, as a venue's scheme read it, held to what the binding may trade. The same for every
// venue; how an order is read and valued is each venue's own. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/signer.h"
#include "bindings/trading_rules.h"

namespace keyswap::bindings {

struct OrderReading {
  // What it says of itself cannot be told: a number that is none, a list that cannot be read.
  bool is_malformed = false;
  bool is_valued = true;      // if not, value_e8 means nothing
  std::int64_t value_e8 = 0;  // in USD times 10^8; kMoneyMax (bindings/decimal.h): more than fits
  // Upper case, each once. An empty text: an order does not say it.
  std::vector<std::string> symbols;
  std::vector<std::string> types;  // as they came; empty for an amendment
  std::vector<std::string> sides;
};

// What to do with it: an order without a value that is known is beyond any limit of value.
// `is_test`: it places nothing, and counts for nothing.
Judgement hold_to(const TradingRules& rules, const OrderReading& reading, bool is_test);

}  // namespace keyswap::bindings
