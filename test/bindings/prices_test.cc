// SPDX-License-Identifier: Apache-2.0
#include "bindings/prices.h"

#include <catch2/catch.hpp>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

std::string found(std::string_view model) {
  const auto* const price = find_price(known_prices().prices, model);
  return price == nullptr ? "" : price->model;
}

std::vector<ModelPrice> parsed(std::string_view yaml, std::string& errors) {
  const YamlDocument document = parse_yaml(yaml);
  REQUIRE(document.errors.empty());
  ConfigIssues issues;
  auto prices = parse_prices(document.root, issues);
  for (const ConfigIssue& issue : issues.take_errors()) {
    errors += issue.text + "\n";
  }
  return prices;
}

std::string errors_of(std::string_view yaml) {
  std::string errors;
  static_cast<void>(parsed(yaml, errors));
  return errors;
}

}  // namespace

TEST_CASE("the program's prices have a date, and none of them is 0") {
  CHECK(known_prices().date.size() == 10);
  CHECK(known_prices().prices.size() >= 50);
  for (const ModelPrice& price : known_prices().prices) {
    INFO(price.model);
    CHECK(price.usual.input > 0);
    CHECK(price.usual.cached > 0);
    CHECK(price.usual.cached <= price.usual.input);
    CHECK(price.usual.cache_write >= price.usual.input);
    CHECK(price.usual.cache_write_long >= price.usual.cache_write);
    CHECK((price.long_above == 0 || price.of_long.input > price.usual.input));
  }
}

TEST_CASE("a model has the price of the longest name that its own begins with") {
  CHECK(found("gpt-4o") == "gpt-4o");
  CHECK(found("gpt-4o-2024-08-06") == "gpt-4o");
  CHECK(found("gpt-4o-2024-05-13") == "gpt-4o-2024-05-13");
  CHECK(found("gpt-4o-mini-2024-07-18") == "gpt-4o-mini");
  CHECK(found("openai/gpt-4o-mini") == "gpt-4o-mini");
  CHECK(found("claude-sonnet-4-5-20250929") == "claude-sonnet-4-5");
  CHECK(found("claude-sonnet-4-5@20250929") == "claude-sonnet-4-5");
  CHECK(found("gpt-4o1").empty());
  CHECK(found("gpt").empty());
  CHECK(found("").empty());
}

TEST_CASE("what a call costs is rounded up to a micro-dollar") {
  const ModelPrice price{"m", {2'500'000, 1'250'000, 3'000'000, 5'000'000, 10'000'000}, 0, {}};
  CHECK(cost_of(price, {}) == 0);
  CHECK(cost_of(price, {.input = 1}) == 3);  // 2.5
  CHECK(cost_of(price, {.input = 2}) == 5);
  CHECK(cost_of(price, {.input = 1000, .cached = 1000, .output = 1000}) == 2500 + 1250 + 10'000);
  CHECK(cost_of(price, {.cache_write = 10, .cache_write_long = 10}) == 80);
  CHECK(cost_of(price, {.output = 5, .reasoning = 5}) == 50);  // they are among the output
  CHECK(cost_of(price, {.input = -7}) == 0);
  // No sum overflows.
  const std::int64_t most = bounds::kBudgetTokensMax;
  const ModelPrice dear{
      "m", {1'000'000'000, 1'000'000'000, 1'000'000'000, 1'000'000'000, 1'000'000'000}, 0, {}};
  CHECK(cost_of(dear, {most * 9, most, most, most, most, 0}) == 5 * most * 1000);
}

TEST_CASE("a call with a long input has another price from its first token on") {
  const ModelPrice price{"m",
                         {1'000'000, 1'000'000, 1'000'000, 1'000'000, 1'000'000},
                         100,
                         {2'000'000, 2'000'000, 2'000'000, 2'000'000, 2'000'000}};
  CHECK(cost_of(price, {.input = 60, .cached = 40}) == 100);
  CHECK(cost_of(price, {.input = 60, .cached = 41, .output = 1}) == 204);
}

TEST_CASE("a binding's own prices are read, and what is not said of a cache costs as without one") {
  std::string errors;
  const auto prices = parsed(
      "a: { input: 2.50, output: 10 }\n"
      "b: { input: 3, cached_input: 0.3, cache_write: 3.75, cache_write_1h: 6, output: 15,\n"
      "     long: { above: 200000, input: 6, output: 22.50 } }\n",
      errors);
  CHECK(errors.empty());
  REQUIRE(prices.size() == 2);
  CHECK(prices[0].model == "a");
  CHECK(prices[0].usual.cached == 2'500'000);
  CHECK(prices[0].usual.cache_write_long == 2'500'000);
  CHECK(prices[1].usual.cache_write_long == 6'000'000);
  CHECK(prices[1].long_above == 200'000);
  CHECK(prices[1].of_long.output == 22'500'000);
  CHECK(describe(prices[0]) ==
        "a at 2.5 USD for a million tokens in, 10 USD out, 2.5 USD from a cache, 2.5 USD and 2.5 "
        "USD into one");
}

TEST_CASE("prices that say anything else are errors") {
  CHECK(errors_of("{}").find("from 1 to 1000 models") != std::string::npos);
  CHECK(errors_of("[a]").find("from 1 to 1000 models") != std::string::npos);
  CHECK(errors_of("a: { output: 1 }").find("input") != std::string::npos);
  CHECK(errors_of("a: { input: -1 }").find("USD for a million tokens") != std::string::npos);
  CHECK(errors_of("a: { input: 1001 }").find("USD for a million tokens") != std::string::npos);
  CHECK(errors_of("a: { input: 0.0000001 }").find("USD for a million tokens") != std::string::npos);
  CHECK(errors_of("a: { input: 1, price: 2 }").find("price") != std::string::npos);
  CHECK(errors_of("a: { input: 1, long: { input: 2 } }").find("above") != std::string::npos);
}

TEST_CASE("money is written as a decimal, and read back") {
  CHECK(micro_usd_text(0) == "0 USD");
  CHECK(micro_usd_text(12'500'000) == "12.5 USD");
  CHECK(micro_usd_text(1) == "0.000001 USD");
  CHECK(parse_micro_usd("12.5", 100'000'000) == 12'500'000);
  CHECK(parse_micro_usd("0.000001", 1) == 1);
  CHECK_FALSE(parse_micro_usd("0.0000001", 1));
  CHECK_FALSE(parse_micro_usd("2", 1'999'999));
  CHECK_FALSE(parse_micro_usd("1 USD", 10'000'000));
  CHECK_FALSE(parse_micro_usd("-1", 10'000'000));
}

}  // namespace keyswap::bindings
