// SPDX-License-Identifier: Apache-2.0
//
// One thread and a bounded queue before it: work on which no event loop may wait. The management
// API has several, so that neither who hashes a password (one at a time: each takes memory) nor who
// reads a whole log keeps anybody else.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
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

enum class LaneOf : std::uint8_t {
  work,
  passwords,  // it hashes one, or counts how many were wrong
  log,        // it reads a page of the audit log
  slow,       // it reads all of it, or waits for others
};

class Lanes {
 public:
  // As base::start_thread.
  base::Status start();
  void stop();

  [[nodiscard]] Lane& of(LaneOf which) { return lanes_.at(static_cast<std::size_t>(which)); }

 private:
  std::array<Lane, 4> lanes_;
};

}  // namespace keyswap::manage
