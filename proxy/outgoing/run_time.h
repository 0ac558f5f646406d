// SPDX-License-Identifier: Apache-2.0
//
// What a run may take yet. It has a time of its own, and another one for waiting for its turns to
// call: how many others call is our doing, and says nothing of its source. While one of the two
// passes, the other stands. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace keyswap::outgoing {

class RunTime {
 public:
  RunTime(std::int64_t own_ms, std::int64_t turns_ms, std::int64_t now_us)
      : own_us_(own_ms * kUsPerMs), turns_us_(turns_ms * kUsPerMs), since_us_(now_us) {}

  // From now on it waits for its turn, or goes on. So many milliseconds are left for that, 1 at
  // least.
  std::int64_t wait(std::int64_t now_us) { return pass(true, now_us); }

  std::int64_t go_on(std::int64_t now_us) { return pass(false, now_us); }

  [[nodiscard]] bool is_waiting() const { return is_waiting_; }

 private:
  static constexpr std::int64_t kUsPerMs = 1000;

  std::int64_t pass(bool is_waiting, std::int64_t now_us) {
    (is_waiting_ ? turns_us_ : own_us_) -= now_us - since_us_;
    since_us_ = now_us;
    is_waiting_ = is_waiting;
    return std::max<std::int64_t>((is_waiting_ ? turns_us_ : own_us_) / kUsPerMs, 1);
  }

  std::int64_t own_us_;
  std::int64_t turns_us_;
  std::int64_t since_us_;
  bool is_waiting_ = false;
};

}  // namespace keyswap::outgoing
