// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/limit_rows.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "bindings/trading_rules.h"
#include "proxy/net/limit_table.h"

namespace keyswap::cli {

namespace {

using bindings::Scope;
using bindings::SecretRule;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::uint16_t kHttpsPort = 443;

// By account, of one day.
using Used = std::map<std::string, std::int64_t, std::less<>>;

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

void append_rows(const LimitRow& row,
                 const Scope& scope,
                 const limits::ScopeLimits& limits,
                 const Used& used,
                 std::vector<LimitRow>& rows) {
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
}

void append_rows(const SecretRule& rule, const Used& used, std::vector<LimitRow>& rows) {
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
    append_rows(row, scope, limits[first], used, rows);
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
  Used used;
  for (const auto& row : usage) {
    if (row.day == day) {
      used[row.account] = row.used;
    }
  }
  LimitReport report;
  report.resets_s = limits::end_of_day_us(day) / kUsPerSecond;
  for (const auto& rule : bindings.rules) {
    append_rows(rule, used, report.rows);
  }
  return report;
}

}  // namespace keyswap::cli
