// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/worker.h"

#include <utility>

#include "proxy/base/thread.h"

namespace keyswap::net {

base::Status Worker::start(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    auto thread = base::start_thread([this] { work(); });
    if (!thread) {
      stop();
      return thread.error();
    }
    threads_.push_back(std::move(*thread));
  }
  return {};
}

void Worker::stop() {
  end(true);
}

void Worker::finish() {
  end(false);
}

void Worker::end(bool drops) {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    if (drops || threads_.empty()) {
      tasks_.clear();
    }
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Worker::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
      return;
    }
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Worker::work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace keyswap::net
