// SPDX-License-Identifier: Apache-2.0
#include "bindings/prices.h"

#include <algorithm>
#include <array>

#include "bindings/bounds.h"
#include "bindings/decimal.h"
#include "bindings/price_text.h"
#include "bindings/yaml_values.h"
#include "proxy/base/assert.h"

namespace keyswap::bindings {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kPriceMax = 1'000 * kMillion;  // 1000 USD for a million tokens
constexpr std::int64_t kMoneyPerMicroUsd = 100;       // bindings/decimal.h counts 10^-8

constexpr std::array<std::string_view, 6> kPriceKeys = {
    "input", "cached_input", "cache_write", "cache_write_1h", "output", "long"};
constexpr std::array<std::string_view, 6> kLongPriceKeys = {
    "above", "input", "cached_input", "cache_write", "cache_write_1h", "output"};
constexpr std::array<std::string_view, 2> kListKeys = {"date", "models"};

std::optional<std::int64_t> read_price(const YamlSection& section,
                                       std::string_view name,
                                       ConfigIssues& issues) {
  const auto* const node = section.find(name);
  const auto text = node == nullptr ? std::nullopt : read_text(*node, name, issues);
  if (!text) {
    return std::nullopt;
  }
  const auto price = parse_micro_usd(*text, kPriceMax);
  if (!price) {
    issues.error(node->place,
                 "`" + std::string(name) + "` must be USD for a million tokens, at most 1000",
                 "as in 2.50, with at most 6 decimals");
  }
  return price;
}

// What is not said of a cache costs what it costs without one.
TokenPrices read_prices(const YamlSection& section, ConfigIssues& issues) {
  TokenPrices prices;
  static_cast<void>(section.require("input", issues));
  prices.input = read_price(section, "input", issues).value_or(0);
  prices.output = read_price(section, "output", issues).value_or(0);
  prices.cached = read_price(section, "cached_input", issues).value_or(prices.input);
  prices.cache_write = read_price(section, "cache_write", issues).value_or(prices.input);
  prices.cache_write_long =
      read_price(section, "cache_write_1h", issues).value_or(prices.cache_write);
  return prices;
}

ModelPrice read_model(const std::string& model, const YamlNode& node, ConfigIssues& issues) {
  ModelPrice price{model, {}, 0, {}};
  const YamlSection section(node, "prices", kPriceKeys, issues);
  if (!section.is_mapping()) {
    return price;
  }
  price.usual = read_prices(section, issues);
  const auto* const longer = section.find("long");
  if (longer == nullptr) {
    return price;
  }
  const YamlSection of_long(*longer, "long", kLongPriceKeys, issues);
  const auto* const above = of_long.is_mapping() ? of_long.require("above", issues) : nullptr;
  if (above != nullptr) {
    price.long_above =
        read_number(*above, "above", {1, bounds::kBudgetTokensMax}, issues).value_or(0);
    price.of_long = read_prices(of_long, issues);
  }
  return price;
}

bool is_named_by(std::string_view model, std::string_view name) {
  constexpr std::string_view kBehind = "-@:";
  return model.starts_with(name) && (model.size() == name.size() ||
                                     kBehind.find(model[name.size()]) != std::string_view::npos);
}

PriceList read_list() {
  PriceList list;
  const YamlDocument document = parse_yaml(kPriceText);
  ConfigIssues issues;
  const YamlSection section(document.root, "prices", kListKeys, issues);
  const auto* const date = section.find("date");
  const auto* const models = section.find("models");
  KS_ASSERT(document.errors.empty() && date != nullptr && models != nullptr);
  list.date = date->text;
  list.prices = parse_prices(*models, issues);
  KS_ASSERT(issues.take_errors().empty());
  return list;
}

std::int64_t part_of(std::int64_t tokens, std::int64_t price) {
  return std::clamp<std::int64_t>(tokens, 0, bounds::kBudgetTokensMax) * price;
}

std::string describe(const TokenPrices& prices) {
  return micro_usd_text(prices.input) + " for a million tokens in, " +
         micro_usd_text(prices.output) + " out, " + micro_usd_text(prices.cached) +
         " from a cache, " + micro_usd_text(prices.cache_write) + " and " +
         micro_usd_text(prices.cache_write_long) + " into one";
}

}  // namespace

const ModelPrice* find_price(const std::vector<ModelPrice>& prices, std::string_view model) {
  const auto slash = model.rfind('/');
  const std::string_view plain = slash == std::string_view::npos ? model : model.substr(slash + 1);
  const ModelPrice* found = nullptr;
  for (const ModelPrice& price : prices) {
    const bool is_it = is_named_by(model, price.model) || is_named_by(plain, price.model);
    if (is_it && (found == nullptr || price.model.size() > found->model.size())) {
      found = &price;
    }
  }
  return found;
}

const PriceList& known_prices() {
  static const PriceList kList = read_list();
  return kList;
}

std::int64_t cost_of(const ModelPrice& price, const TokenUsage& usage) {
  const bool is_long = price.long_above > 0 && usage.all_input() > price.long_above;
  const TokenPrices& prices = is_long ? price.of_long : price.usual;
  // Each is at most 10^18, and they are five.
  const std::int64_t all = part_of(usage.input, prices.input) +
                           part_of(usage.cached, prices.cached) +
                           part_of(usage.cache_write, prices.cache_write) +
                           part_of(usage.cache_write_long, prices.cache_write_long) +
                           part_of(usage.output, prices.output);
  return (all + kMillion - 1) / kMillion;
}

std::vector<ModelPrice> parse_prices(const YamlNode& node, ConfigIssues& issues) {
  std::vector<ModelPrice> prices;
  if (node.kind != YamlNode::Kind::mapping || node.items.empty() ||
      node.items.size() > bounds::kPricesMax) {
    issues.error(node.place,
                 "`prices` must name from 1 to 1000 models",
                 "as in: my-model: { input: 2.50, output: 10 }");
    return prices;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    prices.push_back(read_model(node.keys[i].text, node.items[i], issues));
  }
  return prices;
}

std::string describe(const ModelPrice& price) {
  std::string text = price.model + " at " + describe(price.usual);
  if (price.long_above > 0) {
    text += ", above " + std::to_string(price.long_above) + " tokens " + describe(price.of_long);
  }
  return text;
}

std::string micro_usd_text(std::int64_t micro_usd) {
  std::string text = std::to_string(micro_usd / kMillion);
  if (const std::int64_t rest = micro_usd % kMillion; rest > 0) {
    std::string digits = std::to_string(kMillion + rest);  // a 1, and six digits
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits.substr(1);
  }
  return text + " USD";
}

std::optional<std::int64_t> parse_micro_usd(std::string_view text, std::int64_t most) {
  const auto number = Decimal::parse(text);
  if (!number || number->is_finer_than_money()) {
    return std::nullopt;
  }
  const std::int64_t money = number->money_rounded_up();
  if (money % kMoneyPerMicroUsd != 0 || money / kMoneyPerMicroUsd > most) {
    return std::nullopt;
  }
  return money / kMoneyPerMicroUsd;
}

}  // namespace keyswap::bindings
