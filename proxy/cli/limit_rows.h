// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap limits show` says: each limit of the bindings and what was used of it on the day
// that is counted for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "proxy/limits/store.h"

namespace keyswap::cli {

enum class LimitKind : std::uint8_t {
  rate_limit,
  quota,
  daily_volume,
  budget_usd,     // a day's
  budget_tokens,  // a minute's
};

// One limit of one entry of `bindings:`. Amounts are requests, 10^-8 USD of a daily volume, 10^-6
// USD or tokens of a budget.
struct LimitRow {
  std::string secret;
  std::string host;  // the entry's; the first, with "and N more", if it lists several
  LimitKind kind = LimitKind::quota;
  std::optional<bindings::RateLimit> rate;  // of a rate_limit; its use is in the proxy's memory
  std::int64_t limit = 0;                   // of the others
  std::int64_t used = 0;
  // Of a budget: whose it is ("" for those who do not say who they are), and how many tokens that
  // were today.
  std::string caller = {};
  std::int64_t tokens = 0;
};

struct LimitReport {
  std::int64_t resets_s = 0;  // since 1970: when the day ends that is counted for
  std::vector<LimitRow> rows;
};

LimitReport report_limits(const bindings::Bindings& bindings,
                          const std::vector<limits::UsageRow>& usage,
                          std::int64_t wall_us);

std::string_view name_of(LimitKind kind);
bool is_budget(LimitKind kind);
bool is_money(LimitKind kind);
// "USD", "tokens", "requests".
std::string_view unit_of(LimitKind kind);
// "600.5 USD" of money, "600" of requests and tokens.
std::string format_amount(LimitKind kind, std::int64_t amount);
std::int64_t left_of(const LimitRow& row);

}  // namespace keyswap::cli
