// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/lane.h"

#include <utility>

#include "proxy/base/manage_bounds.h"
#include "proxy/base/thread.h"

namespace keyswap::manage {

base::Status Lane::start() {
  auto thread = base::start_thread([this] { work(); });
  if (!thread) {
    return thread.error();
  }
  thread_ = std::move(*thread);
  return {};
}

void Lane::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    tasks_.clear();
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool Lane::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || tasks_.size() >= base::bounds::kManageQueueMax) {
      return false;
    }
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void Lane::work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      if (is_stopping_) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

base::Status Lanes::start() {
  for (Lane& lane : lanes_) {
    KS_TRY(lane.start());
  }
  return {};
}

void Lanes::stop() {
  for (Lane& lane : lanes_) {
    lane.stop();
  }
}

}  // namespace keyswap::manage
