// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/limit_rows.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "bindings/prices.h"
#include "bindings/trading_rules.h"
#include "proxy/cli/limit_text.h"
#include "proxy/net/limit_table.h"

namespace keyswap::cli {

namespace {

using bindings::Scope;
using bindings::SecretRule;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::uint16_t kHttpsPort = 443;

// By account, of one day.
using Used = std::map<std::string, std::int64_t, std::less<>>;

struct Day {
  Used used;
  std::int64_t minute = 0;  // of it, that is now
};

std::int64_t used_of(const Used& used, const std::string& account) {
  const auto found = used.find(account);
  return found == used.end() ? 0 : found->second;
}

std::string host_of(const Scope& scope, std::size_t scopes_of_entry) {
  std::string text = (scope.host.is_wildcard ? "*." : "") + scope.host.host;
  if (scope.port != kHttpsPort) {
    text += ":" + std::to_string(scope.port);
  }
  return scopes_of_entry > 1 ? text + " and " + std::to_string(scopes_of_entry - 1) + " more"
                             : text;
}

// The callers that an account of a budget was counted for, at least those without a name.
std::vector<std::string> spenders_of(const limits::BudgetLimits& budget, const Used& used) {
  const std::string prefix = limits::BudgetAccounts(budget.place, "").tokens;
  std::vector<std::string> callers;
  for (auto at = used.lower_bound(prefix); at != used.end() && at->first.starts_with(prefix);
       ++at) {
    callers.push_back(at->first.substr(prefix.size()));
  }
  if (callers.empty()) {
    callers.emplace_back();
  }
  return callers;
}

void append_budget(const LimitRow& row,
                   const limits::BudgetLimits& budget,
                   const Day& day,
                   std::vector<LimitRow>& rows) {
  for (const std::string& caller : spenders_of(budget, day.used)) {
    const limits::BudgetAccounts accounts(budget.place, caller);
    LimitRow one = row;
    one.caller = caller;
    one.tokens = used_of(day.used, accounts.tokens);
    if (budget.micro_usd_per_day) {
      one.kind = LimitKind::budget_usd;
      one.limit = *budget.micro_usd_per_day;
      one.used = used_of(day.used, accounts.micro_usd);
      rows.push_back(one);
    }
    if (budget.tokens_per_min) {
      const auto use = limits::MinuteUse::of(used_of(day.used, accounts.in_minute));
      one.kind = LimitKind::budget_tokens;
      one.limit = *budget.tokens_per_min;
      one.used = use.minute >= day.minute ? use.used : 0;
      rows.push_back(one);
    }
  }
}

void append_rows(const LimitRow& row,
                 const Scope& scope,
                 const limits::ScopeLimits& limits,
                 const Day& day,
                 std::vector<LimitRow>& rows) {
  const Used& used = day.used;
  if (scope.rate_limit) {
    rows.push_back(row);
    rows.back().kind = LimitKind::rate_limit;
    rows.back().rate = scope.rate_limit;
  }
  if (scope.quota_per_day) {
    rows.push_back(row);
    rows.back().kind = LimitKind::quota;
    rows.back().limit = *scope.quota_per_day;
    rows.back().used = used_of(used, limits.quota_account);
  }
  if (scope.trading != nullptr && scope.trading->daily_volume_e8) {
    rows.push_back(row);
    rows.back().kind = LimitKind::daily_volume;
    rows.back().limit = *scope.trading->daily_volume_e8;
    for (const std::string& account : limits.volume_accounts) {
      rows.back().used = std::max(rows.back().used, used_of(used, account));
    }
    // Of a proxy of an earlier version, until this one counts.
    rows.back().used += used_of(used, limits.old_volume_account);
  }
  if (limits.budget) {
    append_budget(row, *limits.budget, day, rows);
  }
}

void append_rows(const SecretRule& rule, const Day& day, std::vector<LimitRow>& rows) {
  const auto limits = net::limits_of(rule);
  for (std::size_t first = 0; first < rule.scopes.size();) {
    const Scope& scope = rule.scopes[first];
    std::size_t end = first + 1;
    while (end < rule.scopes.size() && rule.scopes[end].entry == scope.entry) {
      ++end;
    }
    LimitRow row;
    row.secret =
        rule.kind == bindings::RuleKind::custom ? "custom/" + rule.custom_name : rule.name.text();
    row.host = host_of(scope, end - first);
    append_rows(row, scope, limits[first], day, rows);
    first = end;
  }
}

}  // namespace

LimitReport report_limits(const bindings::Bindings& bindings,
                          const std::vector<limits::UsageRow>& usage,
                          std::int64_t wall_us) {
  // As the ledger counts: a clock that was set back does not bring an earlier day back.
  std::int64_t day = limits::day_of(wall_us);
  for (const auto& row : usage) {
    day = std::max(day, row.day);
  }
  Day counted;
  counted.minute = limits::minute_of(wall_us);
  for (const auto& row : usage) {
    if (row.day == day) {
      counted.used[row.account] = row.used;
    }
  }
  LimitReport report;
  report.resets_s = limits::end_of_day_us(day) / kUsPerSecond;
  for (const auto& rule : bindings.rules) {
    append_rows(rule, counted, report.rows);
  }
  return report;
}

std::string_view name_of(LimitKind kind) {
  switch (kind) {
    case LimitKind::rate_limit:
      return "rate_limit";
    case LimitKind::quota:
      return "quota";
    case LimitKind::daily_volume:
      return "daily_volume";
    case LimitKind::budget_usd:
      return "budget_usd";
    case LimitKind::budget_tokens:
      return "budget_tokens";
  }
  return "";
}

bool is_money(LimitKind kind) {
  return kind == LimitKind::daily_volume || kind == LimitKind::budget_usd;
}

bool is_budget(LimitKind kind) {
  return kind == LimitKind::budget_usd || kind == LimitKind::budget_tokens;
}

std::string_view unit_of(LimitKind kind) {
  return is_money(kind) ? "USD" : kind == LimitKind::budget_tokens ? "tokens" : "requests";
}

std::string format_amount(LimitKind kind, std::int64_t amount) {
  if (kind == LimitKind::budget_usd) {
    return bindings::micro_usd_text(amount);
  }
  return kind == LimitKind::daily_volume ? format_usd(amount) : std::to_string(amount);
}

std::int64_t left_of(const LimitRow& row) {
  return std::max<std::int64_t>(row.limit - row.used, 0);
}

}  // namespace keyswap::cli
