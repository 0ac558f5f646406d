// SPDX-License-Identifier: Apache-2.0
//
// A sink of records (audit/sink.h) in memory: each batch waits until the test says what becomes of
// it. Once one has failed, nothing becomes durable any more.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "audit/sink.h"

namespace keyswap::test {

class FakeSink : public audit::Sink {
 public:
  [[nodiscard]] bool append(audit::Batch&& batch,
                            audit::Listener* listener,
                            std::uint64_t ticket) override {
    came(batch.bodies());
    last_ = batch.bodies();
    if (is_dead_) {
      return false;
    }
    waiting_.push_back({std::string(batch.bodies()), listener, ticket});
    return true;
  }

  [[nodiscard]] bool is_dead() const override { return is_dead_; }

  // The bodies of the last batch that came.
  [[nodiscard]] const std::string& last() const { return last_; }

  // The oldest batch that waits. False: none does.
  bool answer(bool is_durable) {
    if (waiting_.empty()) {
      return false;
    }
    const Waiting batch = std::move(waiting_.front());
    waiting_.pop_front();
    is_dead_ = is_dead_ || !is_durable;
    if (!is_dead_) {
      keep(batch.bodies);
    }
    if (batch.listener != nullptr) {
      batch.listener->batch_done(batch.ticket, !is_dead_);
    }
    return true;
  }

 protected:
  // The bodies of a batch that came, and of one that became durable.
  virtual void came(std::string_view /*bodies*/) {}

  virtual void keep(std::string_view /*bodies*/) {}

 private:
  struct Waiting {
    std::string bodies;
    audit::Listener* listener = nullptr;
    std::uint64_t ticket = 0;
  };

  std::deque<Waiting> waiting_;
  std::string last_;
  bool is_dead_ = false;
};

}  // namespace keyswap::test
