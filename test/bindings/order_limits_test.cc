// SPDX-License-Identifier: Apache-2.0
#include "bindings/order_limits.h"

#include <catch2/catch.hpp>

#include "bindings/decimal.h"

namespace keyswap::bindings {

namespace {

constexpr std::int64_t kDollar = 100'000'000;

OrderReading order_of(std::int64_t usd) {
  OrderReading order;
  order.value_e8 = usd * kDollar;
  order.symbols = {"RUG"};
  order.types = {"LIMIT"};
  order.sides = {"BUY"};
  return order;
}

TradingRules at_most(std::int64_t order_usd, std::int64_t day_usd) {
  TradingRules rules;
  rules.max_order_e8 = order_usd * kDollar;
  rules.daily_volume_e8 = day_usd * kDollar;
  return rules;
}

bool is_over(const TradingRules& rules, const OrderReading& order, bool is_test = false) {
  return hold_to(rules, order, is_test).refusal == SignerRefusal::order_limit_exceeded;
}

}  // namespace

TEST_CASE("an order up to a limit passes and counts, one beyond it does not") {
  const auto judgement = hold_to(at_most(50, 80), order_of(50), false);
  CHECK_FALSE(judgement.refusal);
  CHECK(judgement.volume_e8 == 50 * kDollar);
  CHECK(judgement.volume_max_e8 == 80 * kDollar);
  CHECK(is_over(at_most(50, 80), order_of(51)));
  CHECK(is_over(at_most(90, 80), order_of(81)));
}

TEST_CASE("an order whose value is not known, or does not fit, is beyond every limit of value") {
  auto unknown = order_of(0);
  unknown.is_valued = false;
  CHECK(is_over(at_most(50, 80), unknown));
  CHECK_FALSE(hold_to({}, unknown, false).refusal);
  CHECK_FALSE(hold_to({}, unknown, false).order->value_e8);
  auto huge = order_of(0);
  huge.value_e8 = kMoneyMax;
  TradingRules rules;
  rules.max_order_e8 = kMoneyMax;
  CHECK(is_over(rules, huge));
}

TEST_CASE("a test of an order is held to the order's limit and counts for nothing") {
  CHECK(is_over(at_most(50, 80), order_of(51), true));
  const auto judgement = hold_to(at_most(90, 80), order_of(85), true);
  CHECK_FALSE(judgement.refusal);
  CHECK(judgement.volume_e8 == 0);
}

TEST_CASE("symbols and types are those that are named, if any are") {
  TradingRules rules;
  rules.symbols = {"LAMP"};
  CHECK(is_over(rules, order_of(1)));
  rules.symbols.emplace_back("RUG");
  CHECK_FALSE(is_over(rules, order_of(1)));
  rules.order_types = {"MARKET"};
  CHECK(is_over(rules, order_of(1)));
}

TEST_CASE("a malformed order is refused as such, and a record shows plain words of it") {
  auto order = order_of(1);
  order.is_malformed = true;
  order.symbols = {"ru\ng"};
  order.sides = {"BUY", "SELL"};
  const auto judgement = hold_to({}, order, false);
  CHECK(judgement.refusal == SignerRefusal::malformed_request);
  CHECK(judgement.order->symbol == "____");
  CHECK(judgement.order->side == "SEVERAL");
}

}  // namespace keyswap::bindings
