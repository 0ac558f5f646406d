// SPDX-License-Identifier: Apache-2.0
//
// One event loop on one thread (libuv). Everything made on a loop lives and dies on its thread; the
// only thing another thread may do is post(). Not for slow work: that goes to proxy/net/worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "proxy/base/result.h"

struct uv_loop_s;

namespace keyswap::uv {

class Loop {
 public:
  static base::Result<std::unique_ptr<Loop>> create();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  Loop(Loop&&) = delete;
  Loop& operator=(Loop&&) = delete;
  // All handles must have been closed or be owned by objects already destroyed; runs their
  // callbacks.
  ~Loop();

  // Runs until stop(). On the thread that owns the loop.
  void run();
  void stop();

  // Runs `task` on the loop's thread, soon. From any thread; never lost while the loop runs.
  void post(std::function<void()> task);

  // Called at the end of each turn in which something may have happened, before the loop waits
  // again.
  void on_turn_end(std::function<void()> hook);

  // Milliseconds, monotonic, as of this turn's beginning.
  [[nodiscard]] std::int64_t now_ms() const;

  // One read's worth of bytes, shared by everything on this loop; valid only within a read event.
  [[nodiscard]] std::span<char> read_chunk();

  // Connections that linger (uv::Tcp::linger_on_close); Tcp counts.
  std::size_t lingering = 0;

  [[nodiscard]] uv_loop_s* raw() { return raw_; }

 private:
  struct State;
  explicit Loop(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  uv_loop_s* raw_;
};

}  // namespace keyswap::uv
