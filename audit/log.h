// SPDX-License-Identifier: Apache-2.0
//
// The only writer of the audit log (I6): one thread takes every batch that waits, writes once,
// syncs once (fdatasync), then tells each batch's owner. A record that is not durable was not made:
// after a failed or short write, or a failed sync, the log is dead until the process is started
// anew, every waiting and every further batch fails, and nothing is written again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "proxy/base/clock.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

class Files;  // audit/file.h

// The records of one turn of one event loop, in order.
class Batch {
 public:
  template <typename Record>
  void add(const Record& record) {
    encode_body(record, bodies_);
    ends_.push_back(bodies_.size());
  }

  [[nodiscard]] bool empty() const { return ends_.empty(); }

  [[nodiscard]] std::size_t size() const { return ends_.size(); }

  // The records' bodies (encode_body), one behind the other.
  [[nodiscard]] std::string_view bodies() const { return bodies_; }

  // Must these be on disk before somebody goes on? Else they may wait for company (a few
  // milliseconds).
  bool is_urgent = false;

 private:
  friend class Log;  // reads what was added
  std::string bodies_;
  std::vector<std::size_t> ends_;
};

// Told, on the writer's thread, that the batch handed in under `ticket` is durable or never will
// be.
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

// Where the event loops hand their batches over, and all that they may ask. The one there is today
// is Log.
class Appender {
 public:
  Appender() = default;
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  Appender(Appender&&) = delete;
  Appender& operator=(Appender&&) = delete;
  virtual ~Appender() = default;

  // Hands over a batch; thread-safe. `listener` (may be null) is told with `ticket`; it must live
  // until then. false: the log is dead or its queue is full; the listener is not told.
  [[nodiscard]] virtual bool append(Batch&& batch, Listener* listener, std::uint64_t ticket) = 0;

  // Has a write or sync failed?
  [[nodiscard]] virtual bool is_dead() const = 0;
};

class Log final : public Appender {
 public:
  struct Settings {
    std::string folder;  // exists, 0700
    std::uint64_t segment_bytes;
    // Signs a checkpoint message (vault/signing_key.h).
    std::function<base::Result<std::array<std::uint8_t, 64>>(std::string_view)> sign;
    std::array<std::uint8_t, 32> public_key;
    const base::Clock* clock;
    // For tests that let single steps fail; null: the file system.
    Files* files = nullptr;
  };

  // Opens or begins the log: takes the folder's lock (locked if another process has it), reads the
  // last segment, checks its tail against chain and newest checkpoint (corrupt if that fails),
  // moves a torn last line aside and records that. Everything created is made durable (folder
  // synced).
  static base::Result<std::unique_ptr<Log>> open(Settings settings);

  // Writes what waits, a last checkpoint, and joins the thread.
  ~Log() override;

  [[nodiscard]] bool append(Batch&& batch, Listener* listener, std::uint64_t ticket) override;

  // Returns once every listener that is to be told has been, and may go. It takes as long as the
  // disk does.
  void await_answers();

  // The file that a torn end was moved to when the log was opened; "" if there was none.
  [[nodiscard]] const std::string& torn_end() const;

  [[nodiscard]] bool is_dead() const override;

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::audit
