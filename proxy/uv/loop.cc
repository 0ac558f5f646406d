// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/loop.h"

#include <mutex>
#include <utility>
#include <vector>

#include <uv.h>

#include "proxy/base/bounds.h"

namespace keyswap::uv {

struct Loop::State {
  uv_loop_t loop{};
  uv_async_t wake{};
  uv_prepare_t before_wait{};
  std::function<void()> turn_end;
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  std::unique_ptr<char[]> read_chunk =        // NOLINT(modernize-avoid-c-arrays)
      std::make_unique_for_overwrite<char[]>(
          base::bounds::kReadChunkBytes);  // NOLINT(modernize-avoid-c-arrays)

  void run_posted() {
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard lock(mutex);
      due.swap(posted);
    }
    for (auto& task : due) {
      task();
    }
  }
};

Loop::Loop(std::unique_ptr<State> state) : state_(std::move(state)), raw_(&state_->loop) {}

base::Result<std::unique_ptr<Loop>> Loop::create() {
  auto state = std::make_unique<State>();
  if (const int failed = uv_loop_init(&state->loop); failed != 0) {
    return base::Error{base::Errc::io, "cannot make an event loop", -failed};
  }
  state->wake.data = state.get();
  const int failed = uv_async_init(&state->loop, &state->wake, [](uv_async_t* handle) noexcept {
    static_cast<State*>(handle->data)->run_posted();
  });
  if (failed != 0) {
    static_cast<void>(uv_loop_close(&state->loop));
    return base::Error{base::Errc::io, "cannot make an event loop", -failed};
  }
  // Prepare runs right before the loop waits: after timers, posted tasks and the reads of this
  // turn.
  uv_prepare_init(&state->loop, &state->before_wait);
  state->before_wait.data = state.get();
  uv_prepare_start(&state->before_wait, [](uv_prepare_t* handle) noexcept {
    if (const auto& hook = static_cast<State*>(handle->data)->turn_end) {
      hook();
    }
  });
  return std::unique_ptr<Loop>(new Loop(std::move(state)));
}

Loop::~Loop() {
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->wake), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->before_wait), nullptr);
  while (uv_run(&state_->loop, UV_RUN_DEFAULT) != 0) {
  }
  const int left = uv_loop_close(&state_->loop);
  KS_ASSERT(left == 0);
}

void Loop::run() {
  uv_run(&state_->loop, UV_RUN_DEFAULT);
}

void Loop::stop() {
  uv_stop(&state_->loop);
}

void Loop::post(std::function<void()> task) {
  bool was_empty = false;
  {
    const std::lock_guard lock(state_->mutex);
    was_empty = state_->posted.empty();
    state_->posted.push_back(std::move(task));
  }
  if (was_empty) {
    uv_async_send(&state_->wake);
  }
}

void Loop::on_turn_end(std::function<void()> hook) {
  state_->turn_end = std::move(hook);
}

std::int64_t Loop::now_ms() const {
  return static_cast<std::int64_t>(uv_now(&state_->loop));
}

std::span<char> Loop::read_chunk() {
  return {state_->read_chunk.get(), base::bounds::kReadChunkBytes};
}

}  // namespace keyswap::uv
