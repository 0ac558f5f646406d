// SPDX-License-Identifier: Apache-2.0
//
// One turn of an event loop, and what is put off to its end: work, so that nothing re-enters a
// machine, and the death of objects, so that no callback runs on one that is gone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace keyswap::net {

// Something that may be destroyed only when no call into it is on the stack.
class Mortal {
 public:
  Mortal() = default;
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;
  Mortal(Mortal&&) = delete;
  Mortal& operator=(Mortal&&) = delete;
  virtual ~Mortal() = default;
};

class Turn {
 public:
  // Runs `task` at the end of this turn.
  void defer(std::function<void()> task) { deferred_.push_back(std::move(task)); }

  // Destroys it at the end of this turn.
  void bury(std::unique_ptr<Mortal> dead) { dead_.push_back(std::move(dead)); }

  // A deferred task may defer another; each of them belongs to this turn.
  void run_deferred() {
    for (std::size_t i = 0; i < deferred_.size(); ++i) {
      const auto task = std::move(deferred_[i]);
      task();
    }
    deferred_.clear();
  }

  // One that dies may bury others.
  void destroy_dead() {
    while (!dead_.empty()) {
      const auto dead = std::move(dead_);
      dead_.clear();
    }
  }

 private:
  std::vector<std::function<void()>> deferred_;
  std::vector<std::unique_ptr<Mortal>> dead_;
};

}  // namespace keyswap::net
