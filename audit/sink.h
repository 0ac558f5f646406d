// SPDX-License-Identifier: Apache-2.0
//
// Where the event loops hand their records over, and all that they may ask. The local chain
// (audit/log.h) is the first sink, and the judge of I6: what a sink says of a batch is what the
// requests wait for. Others would get what it has made durable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"

namespace keyswap::audit {

// The records of one turn of one event loop, in order.
class Batch {
 public:
  template <typename Record>
  void add(const Record& record) {
    encode_body(record, bodies_);
    ends_.push_back(bodies_.size());
  }

  // A body that was made so before, and kept where nobody could change it.
  void add_encoded(std::string_view body) {
    bodies_.append(body);
    ends_.push_back(bodies_.size());
  }

  [[nodiscard]] bool empty() const { return ends_.empty(); }

  [[nodiscard]] std::size_t size() const { return ends_.size(); }

  // The records' bodies (encode_body), one behind the other.
  [[nodiscard]] std::string_view bodies() const { return bodies_; }

  // One of them, by its place; lives as long as the batch is left alone.
  [[nodiscard]] std::string_view body(std::size_t at) const {
    const std::size_t begin = at == 0 ? 0 : ends_[at - 1];
    return std::string_view(bodies_).substr(begin, ends_[at] - begin);
  }

  // Must these be on disk before somebody goes on? Else they may wait for company (a few
  // milliseconds).
  bool is_urgent = false;

 private:
  friend class Log;  // reads what was added
  std::string bodies_;
  std::vector<std::size_t> ends_;
};

// Told, on the sink's thread, that the batch handed in under `ticket` is durable or never will be.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;
  virtual ~Listener() = default;
  virtual void batch_done(std::uint64_t ticket, bool durable) = 0;
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  Sink(Sink&&) = delete;
  Sink& operator=(Sink&&) = delete;
  virtual ~Sink() = default;

  // Hands over a batch; thread-safe. `listener` (may be null) is told with `ticket`; it must live
  // until then. false: the sink is dead or its queue is full; the listener is not told.
  [[nodiscard]] virtual bool append(Batch&& batch, Listener* listener, std::uint64_t ticket) = 0;

  // Has a write or sync failed? Nothing becomes durable after that.
  [[nodiscard]] virtual bool is_dead() const = 0;
};

}  // namespace keyswap::audit
