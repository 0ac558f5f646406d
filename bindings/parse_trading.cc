// SPDX-License-Identifier: Apache-2.0
//
// What a binding of a venue may trade.
#include <algorithm>
#include <array>
#include <utility>

#include "bindings/decimal.h"
#include "bindings/parse_sections.h"
#include "bindings/trading_rules.h"
#include "bindings/venue.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view name_of(TradingKey key) {
  switch (key) {
    case TradingKey::max_order_usd:
      return "max_order_usd";
    case TradingKey::daily_volume_usd:
      return "daily_volume_usd";
    case TradingKey::symbols:
      return "symbols";
    case TradingKey::order_types:
      return "order_types";
    case TradingKey::endpoints:
      return "endpoints";
  }
  return "";
}

void parse_money(const YamlSection& section,
                 TradingKey key,
                 ConfigIssues& issues,
                 std::optional<std::int64_t>& money) {
  const auto name = name_of(key);
  const auto* const node = section.find(name);
  const auto text = node == nullptr ? std::nullopt : read_text(*node, name, issues);
  if (!text) {
    return;
  }
  const auto number = Decimal::parse(*text);
  if (!number || number->is_finer_than_money() || number->is_zero() ||
      number->money_rounded_up() == kMoneyMax) {
    issues.error(
        node->place,
        "`" + std::string(name) + "` must be an amount in USD above 0, with at most 8 decimals",
        "as in 500 or 499.99");
    return;
  }
  money = number->money_rounded_up();
}

void parse_words(const YamlSection& section,
                 TradingKey key,
                 ConfigIssues& issues,
                 std::vector<std::string>& words) {
  const auto name = name_of(key);
  const auto* const node = section.find(name);
  const auto* const list = node == nullptr ? nullptr : read_list(*node, name, issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (const auto text = read_text((*list)[i], name, issues)) {
      words.push_back(base::to_upper(*text));
    }
  }
}

// What an entry may be, the venue knows. (nullptr: none; check_trading_keys() then refuses the
// key.)
void parse_endpoints(const YamlSection& section,
                     const Venue* venue,
                     ConfigIssues& issues,
                     std::vector<NamedEndpoint>& endpoints) {
  const auto name = name_of(TradingKey::endpoints);
  const auto* const node = section.find(name);
  const auto* const list = node == nullptr ? nullptr : read_list(*node, name, issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], name, issues);
    if (!text) {
      continue;
    }
    const auto space = std::min(text->find(' '), text->size());
    NamedEndpoint endpoint{base::to_upper(text->substr(0, space)),
                           text->substr(std::min(space + 1, text->size()))};
    if (venue != nullptr) {
      venue->check_endpoint(endpoint, (*list)[i].place, issues);
    }
    endpoints.push_back(std::move(endpoint));
  }
}

bool takes(const Venue& venue, TradingKey key) {
  return std::ranges::find(venue.trading_keys(), key) != venue.trading_keys().end();
}

// "`inject: { type: NAME, ... }`", of each venue that takes the key.
std::string who_takes(TradingKey key, Venues venues) {
  std::string text;
  for (const auto* const venue : venues) {
    if (takes(*venue, key)) {
      text += (text.empty() ? "" : " or ") + ("`inject: { type: " + std::string(venue->name())) +
              ", ... }`";
    }
  }
  return text;
}

}  // namespace

std::vector<std::string_view> trading_keys(Venues venues) {
  std::vector<std::string_view> names;
  for (const auto key : kTradingKeys) {
    if (std::ranges::any_of(venues, [&](const Venue* venue) { return takes(*venue, key); })) {
      names.push_back(name_of(key));
    }
  }
  return names;
}

void parse_scope_trading(const YamlSection& section,
                         const Venue* venue,
                         ParseContext& context,
                         Scope& scope) {
  const bool has_rules = std::ranges::any_of(
      kTradingKeys, [&](TradingKey key) { return section.find(name_of(key)) != nullptr; });
  if (!has_rules) {
    return;
  }
  auto& issues = context.issues;
  auto rules = std::make_shared<TradingRules>();
  parse_money(section, TradingKey::max_order_usd, issues, rules->max_order_e8);
  parse_money(section, TradingKey::daily_volume_usd, issues, rules->daily_volume_e8);
  parse_words(section, TradingKey::symbols, issues, rules->symbols);
  parse_words(section, TradingKey::order_types, issues, rules->order_types);
  parse_endpoints(section, venue, issues, rules->endpoints);
  scope.trading = std::move(rules);
}

// A key that no venue takes is no key at all.
void check_trading_keys(const YamlNode& entry, const SecretRule& rule, ParseContext& context) {
  for (const auto& key : entry.keys) {
    const auto* const known = std::ranges::find(kTradingKeys, key.text, name_of);
    if (known == kTradingKeys.end() || (rule.venue != nullptr && takes(*rule.venue, *known))) {
      continue;
    }
    if (const auto takers = who_takes(*known, context.venues); !takers.empty()) {
      context.issues.error(key.place, "`" + key.text + "` is only for secrets with " + takers);
    }
  }
}

void check_trading(const YamlNode& entries, const SecretRule& rule, ParseContext& context) {
  if (rule.places.empty()) {
    return;
  }
  for (const auto& entry : entries.items) {
    check_trading_keys(entry, rule, context);
  }
  for (const auto& scope : rule.scopes) {
    if (rule.venue != nullptr) {
      rule.venue->check_scope(scope, entries.place, context.issues);
    }
  }
}

}  // namespace keyswap::bindings
