// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/user_watch.h"

#include <chrono>
#include <csignal>

#include <unistd.h>

#include "proxy/base/thread.h"

namespace keyswap::cli {

namespace {

constexpr std::chrono::milliseconds kLookForUsers{50};

}  // namespace

UserWatch::~UserWatch() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

base::Status UserWatch::start(const Home& home) {
  auto thread = base::start_thread([this, &home] { watch(home); });
  if (!thread) {
    return thread.error();
  }
  thread_ = std::move(*thread);
  return {};
}

void UserWatch::begin() {
  {
    const std::scoped_lock lock(mutex_);
    is_ready_ = true;
  }
  wake_.notify_one();
}

void UserWatch::watch(const Home& home) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return is_ready_ || is_stopping_; });
  while (!wake_.wait_for(lock, kLookForUsers, [this] { return is_stopping_; })) {
    auto unused = ServeLock::take(
        home, ServeLock::Byte::using_it, ServeLock::Kind::exclusive, ServeLock::Wait::no);
    if (unused && unused.value()) {
      last_ = std::move(*unused.value());  // a `run` that comes now waits for us to end
      kill(getpid(), SIGTERM);
      return;
    }
  }
}

}  // namespace keyswap::cli
