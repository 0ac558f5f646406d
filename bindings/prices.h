// SPDX-License-Identifier: Apache-2.0
//
// What the tokens of language models cost (docs/budgets.md): a list with its date, which is a part
// of the program (bindings/prices.yaml), and what a binding says itself. Money is whole
// micro-dollars, 10^-6 USD, rounded up: a budget is never overrun by fractions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/config_issues.h"
#include "bindings/strict_yaml.h"

namespace keyswap::bindings {

// Of a call, as its provider reports them; each token is in one of the first five.
struct TokenUsage {
  std::int64_t input = 0;             // that were in no cache
  std::int64_t cached = 0;            // read from a cache
  std::int64_t cache_write = 0;       // put into one
  std::int64_t cache_write_long = 0;  // the same, for an hour
  std::int64_t output = 0;
  std::int64_t reasoning = 0;  // how many of `output` nobody sees

  [[nodiscard]] std::int64_t all_input() const {
    return input + cached + cache_write + cache_write_long;
  }

  [[nodiscard]] std::int64_t all() const { return all_input() + output; }

  bool operator==(const TokenUsage&) const = default;
};

// In micro-dollars for a million tokens.
struct TokenPrices {
  std::int64_t input = 0;
  std::int64_t cached = 0;
  std::int64_t cache_write = 0;
  std::int64_t cache_write_long = 0;
  std::int64_t output = 0;
};

struct ModelPrice {
  std::string model;
  TokenPrices usual;
  // Of calls whose input is longer than that; 0: they cost the same.
  std::int64_t long_above = 0;
  TokenPrices of_long;
};

struct PriceList {
  std::string date;  // "2025-11-30"; when it was written down
  std::vector<ModelPrice> prices;
};

// The longest name that the model's begins with, where a dash, an at sign, a colon or the end
// follows: "gpt-4o" is "gpt-4o-2024-08-06", too, but not "gpt-4o1". Before it may stand who made
// it, and a slash. nullptr: not known.
const ModelPrice* find_price(const std::vector<ModelPrice>& prices, std::string_view model);

// The one of this program.
const PriceList& known_prices();

// Micro-dollars of the call.
std::int64_t cost_of(const ModelPrice& price, const TokenUsage& usage);

// Model -> `input`, `cached_input`, `cache_write`, `cache_write_1h`, `output` in USD for a million
// tokens, and `long` with `above` and the same.
std::vector<ModelPrice> parse_prices(const YamlNode& node, ConfigIssues& issues);

// All of it in words: "my-model at 2.5 USD for a million tokens in, 10 USD out, ...".
std::string describe(const ModelPrice& price);

// "12.5 USD" of micro-dollars.
std::string micro_usd_text(std::int64_t micro_usd);
// Nothing: no amount of USD, or one with more than six decimals, or above `most`.
std::optional<std::int64_t> parse_micro_usd(std::string_view text, std::int64_t most);

}  // namespace keyswap::bindings
