// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/limit_text.h"

#include <array>
#include <string_view>

#include "bindings/approval_rule.h"
#include "bindings/body_rules.h"
#include "bindings/model_rules.h"
#include "bindings/trading_rules.h"

namespace keyswap::cli {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// "1h" of 3600: in the largest unit that it is a whole number of.
template <std::size_t n>
std::string in_units(std::uint64_t amount, const std::array<Unit, n>& units, std::string_view one) {
  for (const Unit& unit : units) {
    if (amount >= unit.size && amount % unit.size == 0) {
      return std::to_string(amount / unit.size) + std::string(unit.name);
    }
  }
  return std::to_string(amount) + std::string(one);
}

constexpr std::array kTimeUnits = {Unit{"d", 86'400}, Unit{"h", 3'600}, Unit{"m", 60}};
constexpr std::array kByteUnits = {
    Unit{"GiB", 1U << 30U}, Unit{"MiB", 1U << 20U}, Unit{"KiB", 1U << 10U}};

std::string count_of(std::uint64_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

template <typename Add>
void add_order_limits(const bindings::TradingRules& rules, const Add& add) {
  if (rules.max_order_e8) {
    add("orders up to " + format_usd(*rules.max_order_e8));
  }
  if (rules.daily_volume_e8) {
    add(format_usd(*rules.daily_volume_e8) + " per day");
  }
}

}  // namespace

std::string format_endpoint(const bindings::BlockedEndpoint& endpoint) {
  return endpoint.method + " " + endpoint.path;
}

std::string format_rate(const bindings::RateLimit& rate) {
  return count_of(rate.requests, "request") + " per " + format_seconds(rate.per_ms / 1000);
}

std::string format_seconds(std::int64_t seconds) {
  return in_units(static_cast<std::uint64_t>(seconds), kTimeUnits, "s");
}

std::string format_bytes(std::uint64_t bytes) {
  return in_units(bytes, kByteUnits, " bytes");
}

std::string format_amount(std::int64_t e8) {
  constexpr std::uint64_t kUsd = 100'000'000;
  const auto amount = e8 < 0 ? 0 - static_cast<std::uint64_t>(e8) : static_cast<std::uint64_t>(e8);
  std::string text = (e8 < 0 ? "-" : "") + std::to_string(amount / kUsd);
  if (const auto rest = amount % kUsd; rest != 0) {
    auto digits = std::to_string(kUsd + rest);  // a 1, and eight digits
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits.substr(1);
  }
  return text;
}

std::string format_usd(std::int64_t e8) {
  return format_amount(e8) + " USD";
}

std::string describe_approval(const bindings::ApprovalRule& rule) {
  std::string text;
  for (const std::string& method : rule.methods) {
    text += (text.empty() ? "" : ", ") + method;
  }
  text = text.empty() ? "any request" : text;
  for (std::size_t i = 0; i < rule.paths.size(); ++i) {
    text += (i == 0 ? " of " : ", ") + rule.paths[i].text();
  }
  return text + " (waits " + format_seconds(rule.hold_ms / 1000) +
         (rule.on_timeout == bindings::OnTimeout::accept ? ", then 202)" : ", then 403)");
}

std::string describe_limits(const bindings::Scope& scope) {
  std::string text;
  const auto add = [&text](const std::string& part) {
    text += (text.empty() ? "" : ", ") + part;
  };
  if (scope.rate_limit) {
    add(format_rate(*scope.rate_limit));
  }
  if (scope.quota_per_day) {
    add(count_of(*scope.quota_per_day, "request") + " per day");
  }
  if (scope.max_body_bytes) {
    add("bodies up to " + format_bytes(*scope.max_body_bytes));
  }
  if (scope.response_timeout_ms) {
    add("answers within " + format_seconds(*scope.response_timeout_ms / 1000));
  }
  if (scope.approval != nullptr) {
    add("a person decides on " + describe_approval(*scope.approval));
  }
  if (!scope.blocked.empty()) {
    add(count_of(scope.blocked.size(), "blocked endpoint"));
  }
  if (scope.body_rules != nullptr) {
    for (const std::string& rule : bindings::describe(*scope.body_rules)) {
      add("of the body " + rule);
    }
  }
  if (scope.models != nullptr) {
    for (const std::string& rule : bindings::describe(*scope.models)) {
      add(rule);
    }
  }
  if (scope.trading != nullptr) {
    add("trading rules");
    add_order_limits(*scope.trading, add);
  }
  return text.empty() ? "none" : text;
}

}  // namespace keyswap::cli
