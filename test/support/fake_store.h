// SPDX-License-Identifier: Apache-2.0
//
// A store of amounts in memory (proxy/limits/store.h) whose n-th step fails if that is wanted. What
// was committed outlives it in `kept`, as a file would.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/limits/store.h"

namespace keyswap::test {

class FakeStore final : public limits::Store {
 public:
  struct Kept {
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> used;  // by account and day
    std::map<std::string, std::uint64_t> nonces;
    std::int64_t newest_day = 0;
    int rounds = 0;  // committed
  };

  // `fails_at`: which step fails, counted from 1 over all rounds; 0: none.
  explicit FakeStore(std::shared_ptr<Kept> kept, int fails_at = 0, base::Errc why = base::Errc::io)
      : kept_(std::move(kept)), fails_at_(fails_at), why_(why) {}

  base::Status begin() override {
    round_ = *kept_;
    return step();
  }

  base::Result<limits::ClaimAnswer> reserve(const limits::Claim& claim) override {
    KS_TRY(step());
    limits::ClaimAnswer answer;
    round_.newest_day = std::max(round_.newest_day, limits::day_of(claim.wall_us));
    answer.day = round_.newest_day;
    answer.resets_us = limits::end_of_day_us(answer.day);
    for (std::size_t i = 0; i < claim.demands.size(); ++i) {
      const auto& demand = claim.demands[i];
      if (round_.used[{demand.account, answer.day}] + demand.amount > demand.cap) {
        answer.outcome = limits::ClaimOutcome::refused;
        answer.refused = i;
        return answer;
      }
    }
    for (const auto& demand : claim.demands) {
      round_.used[{demand.account, answer.day}] += demand.amount;
    }
    if (!claim.nonce_account.empty()) {
      answer.nonce = ++round_.nonces[claim.nonce_account];
    }
    answer.outcome = limits::ClaimOutcome::granted;
    return answer;
  }

  base::Status settle(const limits::Settlement& settlement) override {
    KS_TRY(step());
    auto& used = round_.used[{settlement.account, settlement.day}];
    used = std::max<std::int64_t>(used - settlement.amount, 0);
    return {};
  }

  base::Status carry_over(const limits::Move& move) override {
    KS_TRY(step());
    for (const auto& [key, used] : std::exchange(round_.used, {})) {
      if (key.first != move.from) {
        round_.used[key] += used;
        continue;
      }
      for (const auto& account : move.to) {
        round_.used[{account, key.second}] += used;
      }
    }
    return {};
  }

  base::Status commit() override {
    KS_TRY(step());
    ++round_.rounds;
    *kept_ = round_;
    return {};
  }

  void roll_back() override { round_ = *kept_; }

  base::Result<std::vector<limits::UsageRow>> read() override {
    std::vector<limits::UsageRow> rows;
    for (const auto& [key, used] : kept_->used) {
      rows.push_back({key.first, key.second, used});
    }
    return rows;
  }

  [[nodiscard]] std::int64_t newest_day() const override { return kept_->newest_day; }

 private:
  base::Status step() {
    return ++steps_ == fails_at_ ? base::Status(base::Error{why_, "the test wants it"})
                                 : base::Status();
  }

  std::shared_ptr<Kept> kept_;
  Kept round_;
  int fails_at_;
  base::Errc why_;
  int steps_ = 0;
};

}  // namespace keyswap::test
