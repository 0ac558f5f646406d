// SPDX-License-Identifier: Apache-2.0
//
// Work for the workers of which one run goes on at a time.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "proxy/net/worker.h"

namespace keyswap::net {

// Work of which one run goes on at a time; who asks meanwhile is answered by another run.
class OneAtATime {
 public:
  // `run`s on the worker until nobody has asked since the last run began.
  void ask(Worker& worker, std::function<void()> run) {
    should_run_again_ = true;
    if (is_running_.exchange(true)) {
      return;
    }
    worker.run([this, run = std::move(run)] {
      do {
        while (should_run_again_.exchange(false)) {
          run();
        }
        is_running_ = false;
      } while (should_run_again_ && !is_running_.exchange(true));
    });
  }

 private:
  std::atomic<bool> is_running_ = false;
  std::atomic<bool> should_run_again_ = false;
};

}  // namespace keyswap::net
