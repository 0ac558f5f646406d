// SPDX-License-Identifier: Apache-2.0
//
// A deadline on a loop. Moving it later costs nothing: the timer underneath fires when it was first
// set to, sees that the deadline moved, and sets itself anew.
#pragma once

#include <cstdint>
#include <functional>

#include "proxy/uv/loop.h"

namespace keyswap::uv {

class Timer {
 public:
  // `due` is called on the loop; the Timer may be destroyed in it.
  Timer(Loop& loop, std::function<void()> due);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  Timer(Timer&&) = delete;
  Timer& operator=(Timer&&) = delete;
  ~Timer();

  // Due once, `after_ms` from this turn; replaces what was set before.
  void set(std::int64_t after_ms);
  void clear();

 private:
  struct State;
  State* state_;  // frees itself in its close callback
};

}  // namespace keyswap::uv
