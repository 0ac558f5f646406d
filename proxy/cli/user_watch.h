// SPDX-License-Identifier: Apache-2.0
//
// With `serve --while-used`: ends the process as SIGTERM does once no `keyswap run` uses it any
// more.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "proxy/base/result.h"
#include "proxy/cli/home.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

class UserWatch {
 public:
  UserWatch() = default;
  UserWatch(const UserWatch&) = delete;
  UserWatch& operator=(const UserWatch&) = delete;
  UserWatch(UserWatch&&) = delete;
  UserWatch& operator=(UserWatch&&) = delete;
  ~UserWatch();

  // Starts its thread; `home` outlives this. unavailable where no thread can be started.
  base::Status start(const Home& home);

  // From now on there is somebody who takes the signal, and ends in order.
  void begin();

 private:
  void watch(const Home& home);

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ready_ = false;  // guarded by mutex_, and so is the next
  bool is_stopping_ = false;
  std::optional<ServeLock> last_;
  std::thread thread_;
};

}  // namespace keyswap::cli
