// SPDX-License-Identifier: Apache-2.0
//
// When a cache is swept of what is over: a timer cannot be taken back, so another is set only where
// none rings early enough, and none for a far time. However lives differ, timers that count for
// nothing any more are gone within kSweepUsMax. Times of the steady clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace keyswap::vault {

class SweepTimes {
 public:
  // What is kept longer is looked at in between: the steady clock stands while the machine sleeps.
  static constexpr std::int64_t kSweepUsMax = 60'000'000;

  // Something is over then. The time to set a timer for; nothing: one rings by then.
  std::optional<std::int64_t> set_for(std::int64_t end_us, std::int64_t now_us) {
    const std::int64_t ring_us = std::min(end_us, now_us + kSweepUsMax);
    if (ring_us_ != 0 && ring_us_ <= ring_us) {
      return std::nullopt;
    }
    ring_us_ = ring_us;
    return ring_us;
  }

  // The timer of that time rang. False: an earlier one took its place.
  bool rang(std::int64_t ring_us) {
    if (ring_us_ != ring_us) {
      return false;
    }
    ring_us_ = 0;
    return true;
  }

 private:
  std::int64_t ring_us_ = 0;  // of the timer that counts; 0: there is none
};

}  // namespace keyswap::vault
