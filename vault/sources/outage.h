// SPDX-License-Identifier: Apache-2.0
//
// A source that could not be asked: why, since when, and when it is asked again. All of it
// by the steady clock, but for what people are told. Its owner holds a lock
// (vault/sources/cache_core.h).
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "proxy/base/clock.h"
#include "vault/sources/back_off.h"
#include "vault/sources/cache.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

class Outage {
 public:
  void failed(Failed failed, const base::Clock& clock, const Draw& draw) {
    const std::int64_t now_us = clock.steady_us();
    back_off_.failed(now_us, failed, draw);
    last_ = std::move(failed);
    since_us_ = since_us_.value_or(now_us);
  }

  // It answered, if only that it has not what it was asked for. While it is not to be asked, it is
  // down for those who look.
  void answered(std::int64_t now_us) {
    if (!back_off_.is_waiting(now_us)) {
      since_us_.reset();
    }
  }

  // All that it gave was dropped: it is asked anew.
  void worked() {
    back_off_.worked();
    since_us_.reset();
  }

  // It gave what it was asked for, then.
  void worked(std::int64_t begun_us) {
    back_off_.worked(begun_us);
    if (back_off_.next_try_us() == 0) {
      since_us_.reset();
    }
  }

  // What opens it may be another now: if that was the trouble, it is asked with the next request.
  void opener_changed() {
    if (last_.fault == FetchFault::auth_lost || last_.fault == FetchFault::needs_login) {
      back_off_.worked();
    }
  }

  [[nodiscard]] bool is_waiting(std::int64_t now_us) const { return back_off_.is_waiting(now_us); }

  [[nodiscard]] const BackOff& wait() const { return back_off_; }

  // Of the last failure, over or not.
  [[nodiscard]] FetchFault fault() const { return last_.fault; }

  // For people, by the system's clock as it is now: it may have been set since.
  [[nodiscard]] std::optional<SourceOutage> told(const base::Clock& clock) const {
    if (!since_us_) {
      return std::nullopt;
    }
    const std::int64_t ahead_us = clock.wall_us() - clock.steady_us();
    const std::int64_t next_us = back_off_.next_try_us();
    return SourceOutage{.outcome = last_.outcome,
                        .needs_login = last_.fault == FetchFault::needs_login,
                        .since_s = to_s(*since_us_ + ahead_us),
                        .next_try_s = next_us == 0 ? 0 : to_s(next_us + ahead_us)};
  }

 private:
  static constexpr std::int64_t kUsPerSecond = 1'000'000;

  // To the nearest: what two clocks say together is never twice the same.
  static std::int64_t to_s(std::int64_t us) { return (us + kUsPerSecond / 2) / kUsPerSecond; }

  BackOff back_off_;
  Failed last_;
  std::optional<std::int64_t> since_us_;  // by the steady clock; nothing: it is not down
};

}  // namespace keyswap::vault
