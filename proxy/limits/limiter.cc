// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/limiter.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace keyswap::limits {

namespace {

constexpr std::int64_t kUsPerMs = 1'000;

ChargeAnswer refused(ChargeOutcome outcome, std::int64_t wait_us) {
  ChargeAnswer answer;
  answer.outcome = outcome;
  answer.retry_after_ms = (std::max<std::int64_t>(wait_us, 1) + kUsPerMs - 1) / kUsPerMs;
  return answer;
}

ChargeAnswer granted() {
  ChargeAnswer answer;
  answer.outcome = ChargeOutcome::granted;
  return answer;
}

ChargeAnswer unavailable() {
  return {};
}

// All of it is counted, whether there is a bound or not.
void add_budget(const BudgetLimits& budget, const ChargeRequest& request, Claim& claim) {
  constexpr std::int64_t kNoBound = std::numeric_limits<std::int64_t>::max();
  BudgetAccounts accounts(budget.place, request.caller);
  claim.demands.push_back({std::move(accounts.micro_usd),
                           request.spend->micro_usd,
                           budget.micro_usd_per_day.value_or(kNoBound),
                           Window::day,
                           budget.is_soft});
  claim.demands.push_back(
      {std::move(accounts.tokens), request.spend->tokens, kNoBound, Window::day, false});
  if (budget.tokens_per_min) {
    claim.demands.push_back({std::move(accounts.in_minute),
                             request.spend->tokens,
                             *budget.tokens_per_min,
                             Window::minute,
                             budget.is_soft});
  }
}

// What the ledger is asked. The quota stands first, and the budget last.
Claim claim_of(const ScopeLimits& limits, const ChargeRequest& request, std::int64_t wall_us) {
  Claim claim;
  claim.wall_us = wall_us;
  if (limits.quota_per_day) {
    claim.demands.push_back({limits.quota_account, 1, *limits.quota_per_day});
  }
  if (request.volume_e8 != 0) {
    for (const std::string& account : limits.volume_accounts) {
      claim.demands.push_back({account, request.volume_e8, request.volume_max_e8});
    }
  }
  if (request.wants_nonce) {
    claim.nonce_account = limits.nonce_account;
  }
  if (limits.budget && request.spend) {
    add_budget(*limits.budget, request, claim);
  }
  return claim;
}

// Which part of a budget that demand is about.
BudgetPart part_of(const Demand& demand, const BudgetAccounts& accounts) {
  return demand.account == accounts.micro_usd   ? BudgetPart::micro_usd_per_day
         : demand.account == accounts.in_minute ? BudgetPart::tokens_per_min
                                                : BudgetPart::none;
}

// From the accounts of an earlier version to those of today.
std::vector<Move> moves_of(const std::vector<RuleLimits>& rules) {
  std::map<std::string, std::set<std::string>> found;
  for (const RuleLimits& rule : rules) {
    for (const ScopeLimits& limits : rule) {
      found[limits.old_volume_account].insert(limits.volume_accounts.begin(),
                                              limits.volume_accounts.end());
      found[limits.old_nonce_account].insert(limits.nonce_account);
    }
  }
  found.erase("");
  std::vector<Move> moves;
  for (const auto& [from, to] : found) {
    if (!to.contains(from)) {
      moves.push_back({from, {to.begin(), to.end()}});
    }
  }
  return moves;
}

}  // namespace

BudgetAccounts::BudgetAccounts(std::string_view place, std::string_view caller) {
  // No place has a slash behind the mark at its end.
  const std::string whose = std::string(place) + "/" + std::string(caller);
  micro_usd = "spent " + whose;
  tokens = "tokens " + whose;
  in_minute = "minute " + whose;
}

// A call that waits for the ledger.
struct Limiter::Pending {
  Ticket ticket;
  const LimitTable::Slot* slot = nullptr;  // of the ticket's table
  TokenBucket* bucket = nullptr;           // of the slot; null without a rate
  ChargeTime now;
  std::vector<Demand> demands;  // what was asked, with those of a budget; else empty
  ChargeCallback callback;
};

const LimitTable::Slot* LimitTable::find(std::uint32_t rule, std::uint32_t scope) const {
  if (std::size_t{rule} + 1 >= first_.size() || scope >= first_[rule + 1] - first_[rule]) {
    return nullptr;
  }
  return &slots_[first_[rule] + scope];
}

base::Result<std::unique_ptr<Limiter>> Limiter::open(const std::string& path) {
  auto ledger = Ledger::open(path);
  if (!ledger) {
    return ledger.error();
  }
  return std::unique_ptr<Limiter>(new Limiter(std::move(ledger).value()));
}

Limiter::~Limiter() {
  // Its callbacks use this object.
  ledger_->close();
}

std::shared_ptr<const LimitTable> Limiter::table_for(std::vector<RuleLimits> rules,
                                                     std::int64_t steady_us) {
  const std::lock_guard<std::mutex> guard(mutex_);
  forget_unused(steady_us);
  auto table = std::make_shared<LimitTable>();
  table->first_.push_back(0);
  ledger_->carry_over(moves_of(rules));
  for (RuleLimits& rule : rules) {
    for (ScopeLimits& limits : rule) {
      auto buckets = limits.rate ? buckets_of(limits.rate_key) : nullptr;
      table->slots_.push_back({std::move(limits), std::move(buckets)});
    }
    table->first_.push_back(table->slots_.size());
  }
  return table;
}

std::shared_ptr<CallerBuckets> Limiter::buckets_of(const std::string& key) {
  auto& buckets = buckets_[key];
  if (buckets == nullptr) {
    buckets = std::make_shared<CallerBuckets>();
  }
  return buckets;
}

void Limiter::forget_unused(std::int64_t steady_us) {
  for (auto at = buckets_.begin(); at != buckets_.end();) {
    // Only tables hold the others, and only table_for makes those, under the lock.
    const bool is_used = at->second.use_count() > 1;
    at = is_used || !at->second->are_full(steady_us) ? std::next(at) : buckets_.erase(at);
  }
}

std::optional<ChargeAnswer> Limiter::charge(const std::shared_ptr<const LimitTable>& table,
                                            const ChargeRequest& request,
                                            const ChargeTime& now,
                                            ChargeCallback callback) {
  const auto* const slot = table->find(request.rule, request.scope);
  auto* const bucket =
      slot == nullptr || !slot->limits.rate ? nullptr : slot->buckets->bucket_of(request.caller);
  if (slot == nullptr || (slot->limits.rate && bucket == nullptr) || request.volume_e8 < 0) {
    return unavailable();
  }
  const bool needs_ledger = slot->limits.quota_per_day || request.volume_e8 != 0 ||
                            request.wants_nonce || (slot->limits.budget && request.spend);
  if (bucket != nullptr) {
    const auto& rate = *slot->limits.rate;
    const auto wait_us =
        needs_ledger ? bucket->wait_us(rate, now.steady_us) : bucket->take(rate, now.steady_us);
    if (wait_us) {
      return refused(ChargeOutcome::rate_limited, *wait_us);
    }
  }
  if (!needs_ledger) {
    return granted();
  }
  Claim claim = claim_of(slot->limits, request, now.wall_us);
  Pending pending{{table, request.rule, request.scope, 0, request.volume_e8},
                  slot,
                  bucket,
                  now,
                  {},
                  std::move(callback)};
  if (slot->limits.budget && request.spend) {
    pending.demands = claim.demands;
    pending.ticket.spend = request.spend;
    pending.ticket.caller = request.caller;
  }
  const bool is_taken = ledger_->reserve(
      std::move(claim), [this, pending = std::move(pending)](const ClaimAnswer& claimed) {
        finish(pending, claimed);
      });
  return is_taken ? std::nullopt : std::optional(unavailable());
}

// On the ledger's thread.
void Limiter::finish(const Pending& pending, const ClaimAnswer& claimed) {
  const auto& limits = pending.slot->limits;
  if (claimed.outcome == ClaimOutcome::unavailable) {
    pending.callback(unavailable());
    return;
  }
  if (claimed.outcome == ClaimOutcome::refused) {
    const bool is_quota = limits.quota_per_day && claimed.refused == 0;
    const BudgetPart part = part_of_budget(pending, claimed.refused);
    const auto outcome = part != BudgetPart::none ? ChargeOutcome::budget_exceeded
                         : is_quota               ? ChargeOutcome::quota_exceeded
                                                  : ChargeOutcome::volume_exceeded;
    ChargeAnswer answer = refused(outcome, claimed.resets_us - pending.now.wall_us);
    if (part != BudgetPart::none &&
        is_first_alert(pending.demands[claimed.refused].account, claimed.day)) {
      answer.past = part;
      answer.ticket.rule = pending.ticket.rule;
    }
    pending.callback(std::move(answer));
    return;
  }
  ChargeAnswer answer = granted();
  answer.nonce = claimed.nonce;
  answer.ticket = pending.ticket;
  answer.ticket.day = claimed.day;
  answer.ticket.minute = claimed.minute;
  for (const std::size_t past : claimed.past_cap) {
    if (is_first_alert(pending.demands[past].account, claimed.day)) {
      answer.past = part_of_budget(pending, past);
    }
  }
  // Others may have taken the last token since charge() looked.
  const auto wait_us = pending.bucket == nullptr
                           ? std::nullopt
                           : pending.bucket->take(*limits.rate, pending.now.steady_us);
  if (wait_us) {
    release(answer.ticket, GiveBack::everything);
    pending.callback(refused(ChargeOutcome::rate_limited, *wait_us));
    return;
  }
  pending.callback(std::move(answer));
}

BudgetPart Limiter::part_of_budget(const Pending& pending, std::size_t demand) {
  if (!pending.ticket.spend) {
    return BudgetPart::none;
  }
  const BudgetAccounts accounts(pending.slot->limits.budget->place, pending.ticket.caller);
  return part_of(pending.demands[demand], accounts);
}

bool Limiter::is_first_alert(const std::string& account, std::int64_t day) {
  if (alerted_day_ != day) {
    alerted_.clear();
    alerted_day_ = day;
  }
  return alerted_.insert(account).second;
}

void Limiter::release(const Ticket& ticket, GiveBack what) {
  const auto* const slot =
      ticket.table == nullptr ? nullptr : ticket.table->find(ticket.rule, ticket.scope);
  if (slot == nullptr) {
    return;
  }
  if (ticket.volume_e8 > 0) {
    for (const std::string& account : slot->limits.volume_accounts) {
      ledger_->release(account, ticket.day, ticket.volume_e8);
    }
  }
  if (slot->limits.quota_per_day && what == GiveBack::everything) {
    ledger_->release(slot->limits.quota_account, ticket.day, 1);
  }
  if (what == GiveBack::everything) {
    spend(ticket, {});
  }
}

void Limiter::spend(const Ticket& ticket, const Spend& spent) {
  const auto* const slot =
      ticket.table == nullptr ? nullptr : ticket.table->find(ticket.rule, ticket.scope);
  if (slot == nullptr || !slot->limits.budget || !ticket.spend) {
    return;
  }
  BudgetAccounts accounts(slot->limits.budget->place, ticket.caller);
  const std::int64_t tokens = ticket.spend->tokens - spent.tokens;
  ledger_->settle({std::move(accounts.micro_usd),
                   ticket.day,
                   ticket.spend->micro_usd - spent.micro_usd,
                   Window::day,
                   0});
  ledger_->settle({std::move(accounts.tokens), ticket.day, tokens, Window::day, 0});
  if (slot->limits.budget->tokens_per_min) {
    ledger_->settle(
        {std::move(accounts.in_minute), ticket.day, tokens, Window::minute, ticket.minute});
  }
}

}  // namespace keyswap::limits
