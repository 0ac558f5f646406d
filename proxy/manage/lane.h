// SPDX-License-Identifier: Apache-2.0
//
// One thread and a bounded queue before it: work on which no event loop may wait. The management
// API has two, so that who hashes a password (one at a time: each takes memory) keeps nobody else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "proxy/base/result.h"

namespace keyswap::manage {

class Lane {
 public:
  Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  Lane(Lane&&) = delete;
  Lane& operator=(Lane&&) = delete;

  ~Lane() { stop(); }

  // As base::start_thread.
  base::Status start();
  // Finishes what was begun, drops what was not; nothing is taken afterwards. Not from a task.
  void stop();

  // False: bounds::kManageQueueMax wait, or it was stopped.
  [[nodiscard]] bool run(std::function<void()> task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool is_stopping_ = false;                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace keyswap::manage
