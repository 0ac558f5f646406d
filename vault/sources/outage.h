// SPDX-License-Identifier: Apache-2.0
//
// A source that could not be asked: why, since when, and when it is asked again. Both clocks: waits
// are by the steady one, what people are told is by the system's. Its owner holds a lock
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
    const std::int64_t wall_us = clock.wall_us();
    back_off_.failed(now_us, failed, draw);
    last_ = std::move(failed);
    told_ = SourceOutage{.outcome = last_.outcome,
                         .needs_login = last_.fault == FetchFault::needs_login,
                         .since_s = told_ ? told_->since_s : wall_us / kUsPerSecond,
                         .next_try_s = up_to_s(wall_us + back_off_.next_try_us() - now_us)};
  }

  // It answered, if only that it has not what it was asked for. While it is not to be asked, it is
  // down for those who look.
  void answered(std::int64_t now_us) {
    if (!back_off_.is_waiting(now_us)) {
      told_.reset();
    }
  }

  // All that it gave was dropped: it is asked anew.
  void worked() {
    back_off_.worked();
    told_.reset();
  }

  // It gave what it was asked for, then.
  void worked(std::int64_t begun_us) {
    back_off_.worked(begun_us);
    if (back_off_.next_try_us() == 0) {
      told_.reset();
    }
  }

  // What opens it may be another now: if that was the trouble, it is asked with the next request.
  void opener_changed() {
    if (last_.fault != FetchFault::auth_lost && last_.fault != FetchFault::needs_login) {
      return;
    }
    back_off_.worked();
    if (told_) {
      told_->next_try_s = 0;
    }
  }

  [[nodiscard]] bool is_waiting(std::int64_t now_us) const { return back_off_.is_waiting(now_us); }

  [[nodiscard]] const BackOff& wait() const { return back_off_; }

  // Of the last failure, over or not.
  [[nodiscard]] FetchFault fault() const { return last_.fault; }

  [[nodiscard]] const std::optional<SourceOutage>& told() const { return told_; }

 private:
  static constexpr std::int64_t kUsPerSecond = 1'000'000;

  static std::int64_t up_to_s(std::int64_t us) { return (us + kUsPerSecond - 1) / kUsPerSecond; }

  BackOff back_off_;
  Failed last_;
  std::optional<SourceOutage> told_;
};

}  // namespace keyswap::vault
