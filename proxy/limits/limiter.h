// SPDX-License-Identifier: Apache-2.0
//
// Counts calls against the limits of bindings: rate (token buckets, in memory), quota, volume of a
// day, budgets of money and tokens (proxy/limits/ledger.h, durable), and gives out nonces. One
// Limiter for the process, shared by all event loops; it outlives the policies, so that a reload
// gives nothing out anew.
//
// Each policy has a LimitTable: where the counters of each (rule, scope) are, found once at load. A
// scope without limits costs two array accesses; a rate limit one atomic more, and no lock. A call
// that is refused costs nothing: neither a token nor a part of a quota.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/limits/caller_buckets.h"
#include "proxy/limits/ledger.h"
#include "proxy/limits/token_bucket.h"

namespace keyswap::limits {

// What a caller may spend. What it spent is counted of each caller by itself.
struct BudgetLimits {
  std::string place;  // what its counters are known by
  std::optional<std::int64_t> micro_usd_per_day;
  std::optional<std::int64_t> tokens_per_min;
  bool is_soft = false;  // what is past it is granted, and told
};

// The accounts of a caller's budget.
struct BudgetAccounts {
  BudgetAccounts(std::string_view place, std::string_view caller);

  std::string micro_usd;
  std::string tokens;     // of the day; counted alone
  std::string in_minute;  // tokens
};

// What bounds one scope. Scopes with the same texts share the counters; the limits themselves are
// no part of the texts, so that a changed limit goes on from what was used.
struct ScopeLimits {
  std::optional<Rate> rate;
  std::string rate_key;
  std::optional<std::int64_t> quota_per_day;
  std::string quota_account;
  // A volume is counted at each of them, and fits when it fits at each.
  std::vector<std::string> volume_accounts;
  std::string nonce_account;
  std::optional<BudgetLimits> budget;
  // What an earlier version counted the same under; "" nothing.
  std::string old_volume_account;
  std::string old_nonce_account;
};

using RuleLimits = std::vector<ScopeLimits>;  // in the order of the rule's scopes

// Immutable.
class LimitTable {
 public:
  struct Slot {
    ScopeLimits limits;
    std::shared_ptr<CallerBuckets> buckets;  // null without a rate
  };

  // nullptr: there is no such scope.
  [[nodiscard]] const Slot* find(std::uint32_t rule, std::uint32_t scope) const;

 private:
  friend class Limiter;             // the only maker
  std::vector<std::size_t> first_;  // of each rule, and one more: where the last ends
  std::vector<Slot> slots_;
};

// Of a budget.
struct Spend {
  std::int64_t micro_usd = 0;
  std::int64_t tokens = 0;
};

struct ChargeRequest {
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
  std::string_view caller;  // "" = did not say who it is
  // An order's value, to be counted against a bound of the day's volume, in 10^-8 USD; 0: none is.
  // (A bound of 0 lets no order through; without a bound nothing is to be counted.)
  std::int64_t volume_e8 = 0;
  std::int64_t volume_max_e8 = 0;
  bool wants_nonce = false;
  // What it is taken for until spend() says it; nothing: it spends nothing of a budget.
  std::optional<Spend> spend = std::nullopt;
};

struct ChargeTime {
  std::int64_t steady_us = 0;
  std::int64_t wall_us = 0;
};

enum class ChargeOutcome : std::uint8_t {
  granted,
  rate_limited,
  quota_exceeded,
  volume_exceeded,
  budget_exceeded,
  unavailable,  // limits.db cannot be written, or too many wait for it
};

enum class BudgetPart : std::uint8_t { none, micro_usd_per_day, tokens_per_min };

// What was counted durably for one call. Empty unless it was granted under a quota, a volume or a
// budget.
struct Ticket {
  std::shared_ptr<const LimitTable> table;  // null: nothing was counted
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
  std::int64_t day = 0;
  std::int64_t volume_e8 = 0;
  // Of a budget; nothing: nothing of one was counted.
  std::optional<Spend> spend = std::nullopt;
  std::string caller = {};
  std::int64_t minute = 0;
};

struct ChargeAnswer {
  ChargeOutcome outcome = ChargeOutcome::unavailable;
  std::int64_t retry_after_ms = 0;  // when it was refused by a limit: come again after that
  std::uint64_t nonce = 0;
  Ticket ticket;  // when granted
  // What of its budget is used up, and is to be told of: once a day. The ticket names the rule,
  // also of what was refused.
  BudgetPart past = BudgetPart::none;
};

using ChargeCallback = std::function<void(ChargeAnswer)>;

enum class GiveBack : std::uint8_t {
  volume,      // the upstream refused the order (4xx): it was a call, and no trade
  everything,  // it was not sent
};

// What the event loops ask of the limits, and all of it. The one there is today is Limiter.
class Meter {
 public:
  Meter() = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  Meter(Meter&&) = delete;
  Meter& operator=(Meter&&) = delete;
  virtual ~Meter() = default;

  // Counts one call. Gives the answer when it is known at once; else nothing, and `callback` gets
  // it, once, maybe on another thread. Thread-safe.
  virtual std::optional<ChargeAnswer> charge(const std::shared_ptr<const LimitTable>& table,
                                             const ChargeRequest& request,
                                             const ChargeTime& now,
                                             ChargeCallback callback) = 0;

  // For a call that was granted and came to nothing. Nobody waits for it. Thread-safe.
  virtual void release(const Ticket& ticket, GiveBack what) = 0;

  // What a call that was granted spent of its budget, in place of what it was taken for; once.
  // Where it never comes (a crash), that stays counted. Nobody waits for it. Thread-safe.
  virtual void spend(const Ticket& ticket, const Spend& spent) = 0;
};

class Limiter final : public Meter {
 public:
  // Opens or makes the ledger's file; fails as Ledger::open does.
  static base::Result<std::unique_ptr<Limiter>> open(const std::string& path);

  // Answers what waits.
  ~Limiter() override;

  // The table of a policy, at load. `steady_us`: now; buckets that no policy uses any more are
  // forgotten once they are full.
  std::shared_ptr<const LimitTable> table_for(std::vector<RuleLimits> rules,
                                              std::int64_t steady_us);

  // At once when no ledger is needed; else on the ledger's thread.
  std::optional<ChargeAnswer> charge(const std::shared_ptr<const LimitTable>& table,
                                     const ChargeRequest& request,
                                     const ChargeTime& now,
                                     ChargeCallback callback) override;
  void release(const Ticket& ticket, GiveBack what) override;
  void spend(const Ticket& ticket, const Spend& spent) override;

 private:
  struct Pending;

  explicit Limiter(std::unique_ptr<Ledger> ledger) : ledger_(std::move(ledger)) {}

  std::shared_ptr<CallerBuckets> buckets_of(const std::string& key);
  void forget_unused(std::int64_t steady_us);
  void finish(const Pending& pending, const ClaimAnswer& claimed);
  static BudgetPart part_of_budget(const Pending& pending, std::size_t demand);
  bool is_first_alert(const std::string& account, std::int64_t day);

  std::mutex mutex_;  // of the next; taken at load only
  std::unordered_map<std::string, std::shared_ptr<CallerBuckets>> buckets_;
  // Of the ledger's thread: which budgets were told of, on the last of these days.
  std::set<std::string> alerted_;
  std::int64_t alerted_day_ = 0;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace keyswap::limits
