// SPDX-License-Identifier: Apache-2.0
//
// Slow work off the event loops: minting, reloading, the vault's file. A few threads and one
// bounded queue. Results travel back by uv::Loop::post.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/base/result.h"

namespace keyswap::net {

class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) = delete;
  Worker& operator=(Worker&&) = delete;

  ~Worker() { stop(); }

  // As base::start_thread; then none runs. Tasks given before wait for it.
  base::Status start(std::size_t threads);

  // Finishes what was begun, drops what was not; later tasks are not taken. Not from a task.
  void stop();
  // The same, but does all that it was given.
  void finish();

  // From any thread. The queue's bound is its users': bounds::kMintQueueMax mints, one reload, one
  // refresh at a time.
  void run(std::function<void()> task);

 private:
  void work();
  void end(bool drops);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool is_stopping_ = false;                 // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace keyswap::net
