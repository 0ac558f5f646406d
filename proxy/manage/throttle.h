// SPDX-License-Identifier: Apache-2.0
//
// How often a password may be guessed: bounds::kManageFailuresMax times within a sliding
// bounds::kManageFailureWindowMs, for the whole listener, whoever guesses. Asked before a password
// is hashed. Pure; by one thread at a time.
#pragma once

#include <cstdint>
#include <deque>

namespace keyswap::manage {

class Throttle {
 public:
  // 0: a guess may be made now; else in so many seconds.
  [[nodiscard]] std::int64_t wait_s(std::int64_t steady_us);
  // One was wrong. Gives how long its answer is kept back.
  [[nodiscard]] std::int64_t failed(std::int64_t steady_us);

  void succeeded() { failures_us_.clear(); }

 private:
  std::deque<std::int64_t> failures_us_;  // within the window, the oldest first
};

}  // namespace keyswap::manage
