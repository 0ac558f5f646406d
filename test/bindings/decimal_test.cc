// SPDX-License-Identifier: Apache-2.0
#include "bindings/decimal.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

Decimal number(std::string_view text) {
  INFO(text);
  const auto parsed = Decimal::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

std::int64_t product(std::string_view a, std::string_view b) {
  return number(a).times(number(b)).money_rounded_up();
}

std::int64_t sum(std::string_view a, std::string_view b) {
  return number(a).plus(number(b)).money_rounded_up();
}

}  // namespace

TEST_CASE("a number is digits, with a point between digits at most") {
  for (const auto* const text : {"",
                                 ".",
                                 ".5",
                                 "5.",
                                 "-1",
                                 "+1",
                                 "1e5",
                                 "1E5",
                                 " 1",
                                 "1 ",
                                 "NaN",
                                 "inf",
                                 "1.2.3",
                                 "0x10",
                                 "1,000",
                                 "1_000",
                                 "1.-2",
                                 "\xD9\xA1",
                                 "1\n"}) {
    INFO(text);
    CHECK_FALSE(Decimal::parse(text).has_value());
  }
  CHECK(Decimal::parse(std::string(40, '9')).has_value());
  CHECK_FALSE(Decimal::parse(std::string(41, '9')).has_value());
  CHECK_FALSE(Decimal::parse("1." + std::string(40, '0')).has_value());
}

TEST_CASE("F23 products are exact and rounded up to the eighth decimal") {
  CHECK(product("100", "5") == 50'000'000'000);
  CHECK(product("100", "5.00000001") == 50'000'000'100);
  CHECK(product("0.1", "3") == 30'000'000);
  CHECK(product("0.00000001", "0.1") == 1);
  CHECK(product("0.00000001", "1.00000001") == 2);
  CHECK(product("0.0001", "0.0001") == 1);
  CHECK(product("0", "123.456") == 0);
  CHECK(product("000100.000", "05.0") == 50'000'000'000);
  CHECK(product("0.000000001", "0.000000001") == 1);
}

TEST_CASE("sums are exact whatever their decimals") {
  CHECK(sum("0.1", "0.2") == 30'000'000);
  CHECK(sum("999.99999999", "0.00000001") == 100'000'000'000);
  CHECK(sum("5", "0.000000001") == 500'000'001);
  CHECK(sum("0", "0") == 0);
  CHECK(Decimal().plus(number("1.5")).money_rounded_up() == 150'000'000);
}

TEST_CASE("what does not fit is more than any limit") {
  CHECK(number("92233720368.54775807").money_rounded_up() == kMoneyMax);
  CHECK(number("92233720368.54775806").money_rounded_up() == kMoneyMax - 1);
  CHECK(number("92233720368.547758061").money_rounded_up() == kMoneyMax);
  CHECK(number("92233720368.547758071").money_rounded_up() == kMoneyMax);
  CHECK(number("92233720368.54775808").money_rounded_up() == kMoneyMax);
  CHECK(product(std::string(40, '9'), std::string(40, '9')) == kMoneyMax);
}

TEST_CASE("zero is zero in every writing, and fineness looks at digits that count") {
  CHECK(number("0").is_zero());
  CHECK(number("00.000").is_zero());
  CHECK(Decimal().is_zero());
  CHECK_FALSE(number("0.0000000001").is_zero());
  CHECK(number("0.000000001").is_finer_than_money());
  CHECK_FALSE(number("1.1234567800").is_finer_than_money());
}

}  // namespace keyswap::bindings
