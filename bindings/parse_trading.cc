// SPDX-License-Identifier: Apache-2.0
//
// What a binding of the scheme `binance` may trade.
#include <algorithm>
#include <array>
#include <utility>

#include "bindings/decimal.h"
#include "bindings/parse_sections.h"
#include "bindings/trading_rules.h"
#include "bindings/venues/binance/endpoints.h"
#include "bindings/venues/binance/hosts.h"
#include "bindings/venues/binance/methods.h"

namespace keyswap::bindings {

namespace {

constexpr auto kTradingKeys = std::to_array<std::string_view>(
    {"max_order_usd", "daily_volume_usd", "symbols", "order_types", "endpoints"});

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

void parse_money(const YamlSection& section,
                 std::string_view key,
                 ConfigIssues& issues,
                 std::optional<std::int64_t>& money) {
  const auto* const node = section.find(key);
  const auto text = node == nullptr ? std::nullopt : read_text(*node, key, issues);
  if (!text) {
    return;
  }
  const auto number = Decimal::parse(*text);
  if (!number || number->is_finer_than_money() || number->is_zero() ||
      number->money_rounded_up() == kMoneyMax) {
    issues.error(
        node->place,
        "`" + std::string(key) + "` must be an amount in USD above 0, with at most 8 decimals",
        "as in 500 or 499.99");
    return;
  }
  money = number->money_rounded_up();
}

void parse_words(const YamlSection& section,
                 std::string_view key,
                 ConfigIssues& issues,
                 std::vector<std::string>& words) {
  const auto* const node = section.find(key);
  const auto* const list = node == nullptr ? nullptr : read_list(*node, key, issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (const auto text = read_text((*list)[i], key, issues)) {
      words.push_back(to_upper(*text));
    }
  }
}

void report_value_out(Place place, ConfigIssues& issues) {
  issues.error(place,
               "this endpoint moves value out of the account; no configuration lets it through",
               "docs/binance.md lists such endpoints (tier 1)");
}

bool is_open_everywhere(std::string_view name) {
  const auto all = binance::methods();
  return std::all_of(all.begin(), all.end(), [&](const binance::Method& method) {
    return method.name != name || method.is_open;
  });
}

// An entry that names a method of the WebSocket API.
void check_message_method(const std::string& name, Place place, ConfigIssues& issues) {
  const auto* const method = binance::find_method(name);
  if (binance::is_value_out_method(name)) {
    report_value_out(place, issues);
  } else if (method == nullptr || method->name != name) {
    issues.error(place,
                 quoted_or(name, "this") + " is no method of the WebSocket API that is known",
                 "docs/binance.md lists them; as in \"WS order.cancelReplace\"");
  } else if (is_open_everywhere(name)) {
    issues.warning(place, "WS " + name + " is let through without being named in `endpoints`");
  }
}

void check_endpoint(const NamedEndpoint& endpoint, Place place, ConfigIssues& issues) {
  constexpr auto kMethods =
      std::to_array<std::string_view>({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"});
  if (endpoint.method == kMessageMethod) {
    check_message_method(endpoint.path, place, issues);
    return;
  }
  const auto* const method = std::find(kMethods.begin(), kMethods.end(), endpoint.method);
  if (method == kMethods.end() || !binance::is_plain_path(endpoint.path)) {
    issues.error(place,
                 "an entry of `endpoints` is a method and a whole path",
                 "as in \"POST /sapi/v1/asset/transfer\"; no wildcards");
    return;
  }
  const RequestReadings request(endpoint.method, endpoint.path);
  if (binance::is_value_out(request) || binance::is_websocket_path(request)) {
    report_value_out(place, issues);
  } else if (binance::is_reading(endpoint.method)) {
    issues.warning(place, "GET and HEAD are let through without being named in `endpoints`");
  }
}

void parse_endpoints(const YamlNode& node,
                     ConfigIssues& issues,
                     std::vector<NamedEndpoint>& endpoints) {
  const auto* const list = read_list(node, "endpoints", issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const auto text = read_text((*list)[i], "endpoints", issues);
    if (!text) {
      continue;
    }
    const auto space = std::min(text->find(' '), text->size());
    NamedEndpoint endpoint{to_upper(text->substr(0, space)),
                           text->substr(std::min(space + 1, text->size()))};
    check_endpoint(endpoint, (*list)[i].place, issues);
    endpoints.push_back(std::move(endpoint));
  }
}

// `entry`: one of a secret's `bindings:`.
void check_foreign_keys(const YamlNode& entry, ConfigIssues& issues) {
  for (const auto& key : entry.keys) {
    if (std::find(kTradingKeys.begin(), kTradingKeys.end(), key.text) != kTradingKeys.end()) {
      issues.error(key.place,
                   "`" + key.text + "` is only for secrets with `inject: { type: binance, ... }`");
    }
  }
}

// Hosts that this scheme cannot judge at all, or not without `websocket: true`.
void check_hosts(const YamlNode& entries, const SecretRule& rule, ConfigIssues& issues) {
  for (const auto& scope : rule.scopes) {
    const auto* const host = scope.host.is_wildcard ? nullptr : binance::find_host(scope.host.host);
    const bool takes_messages = host != nullptr && host->is_websocket_api;
    if (scope.host.host == binance::kPayHost) {
      issues.error(entries.place,
                   scope.host.host + " is blocked and cannot be bound",
                   "docs/binance.md says why");
    } else if (takes_messages && !scope.websocket) {
      issues.error(entries.place,
                   scope.host.host + " takes messages on a WebSocket only and cannot be bound so",
                   "set `websocket: true`");
    } else if (scope.websocket && !takes_messages) {
      issues.error(
          entries.place,
          "`websocket: true` at " + scope.host.host + ": this host's messages could not be judged",
          "for the scheme binance it stands at ws-api.binance.com and its like, or with "
          "`hosts`");
    }
  }
}

}  // namespace

void parse_scope_trading(const YamlSection& section, ParseContext& context, Scope& scope) {
  const bool has_rules = std::any_of(kTradingKeys.begin(), kTradingKeys.end(), [&](auto key) {
    return section.find(key) != nullptr;
  });
  if (!has_rules) {
    return;
  }
  auto& issues = context.issues;
  auto rules = std::make_shared<TradingRules>();
  parse_money(section, "max_order_usd", issues, rules->max_order_e8);
  parse_money(section, "daily_volume_usd", issues, rules->daily_volume_e8);
  parse_words(section, "symbols", issues, rules->symbols);
  parse_words(section, "order_types", issues, rules->order_types);
  if (const auto* const node = section.find("endpoints")) {
    parse_endpoints(*node, issues, rules->endpoints);
  }
  scope.trading = std::move(rules);
}

void check_trading(const YamlNode& entries, const SecretRule& rule, ParseContext& context) {
  if (rule.injection == nullptr) {
    return;
  }
  const bool is_binance = rule.injection->scheme() == "binance";
  for (const auto& entry : entries.items) {
    if (!is_binance) {
      check_foreign_keys(entry, context.issues);
    }
  }
  if (is_binance) {
    check_hosts(entries, rule, context.issues);
  }
}

}  // namespace keyswap::bindings
