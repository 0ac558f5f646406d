// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/timer.h"

#include <utility>

#include <uv.h>

namespace keyswap::uv {

struct Timer::State {
  uv_timer_t handle{};
  Loop* loop = nullptr;
  std::function<void()> due;     // empty once the Timer is gone
  std::int64_t deadline_ms = 0;  // 0: none
  std::int64_t fires_ms = 0;     // 0: not armed

  void arm() {
    fires_ms = deadline_ms;
    const std::int64_t wait = deadline_ms - loop->now_ms();
    uv_timer_start(&handle, on_fired, static_cast<std::uint64_t>(wait > 0 ? wait : 0), 0);
  }

  static void on_fired(uv_timer_t* handle) noexcept {
    State& state = *static_cast<State*>(handle->data);
    state.fires_ms = 0;
    if (state.deadline_ms == 0 || !state.due) {
      return;
    }
    if (state.deadline_ms > state.loop->now_ms()) {
      state.arm();
      return;
    }
    state.deadline_ms = 0;
    const auto due = state.due;  // the Timer may go in it
    due();
  }
};

Timer::Timer(Loop& loop, std::function<void()> due) : state_(new State) {  // NOLINT: see ~Timer
  uv_timer_init(loop.raw(), &state_->handle);
  state_->handle.data = state_;
  state_->loop = &loop;
  state_->due = std::move(due);
}

Timer::~Timer() {
  state_->due = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->handle), [](uv_handle_t* handle) noexcept {
    delete static_cast<State*>(handle->data);  // NOLINT: made in the constructor
  });
}

void Timer::set(std::int64_t after_ms) {
  state_->deadline_ms = state_->loop->now_ms() + (after_ms > 0 ? after_ms : 1);
  if (state_->fires_ms == 0 || state_->deadline_ms < state_->fires_ms) {
    state_->arm();
  }
}

void Timer::clear() {
  state_->deadline_ms = 0;
}

}  // namespace keyswap::uv
