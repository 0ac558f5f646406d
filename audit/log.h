// SPDX-License-Identifier: Apache-2.0
//
// The local chain, the first of the sinks, and the only writer of its files (I6): one thread takes
// every batch that waits, writes once, syncs once (fdatasync), then tells each batch's owner. A
// record that is not durable was not made: after a failed or short write, or a failed sync, the log
// is dead until the process is started anew, every waiting and every further batch fails, and
// nothing is written again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/head.h"
#include "audit/sink.h"
#include "proxy/base/clock.h"
#include "proxy/base/counting.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

class Files;  // audit/file.h

class Log final : public Sink {
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
    // What was kept of the log elsewhere; nothing: it is taken as it stands.
    std::optional<Head> head = std::nullopt;
  };

  // Opens or begins the log: takes the folder's lock (locked if another process has it), reads the
  // last segment, checks its tail against chain and newest checkpoint (corrupt if that fails),
  // moves a torn last line aside and records that, and which records no checkpoint covers. `older`
  // if it does not go on from the head that was kept (hold_against). Everything created is made
  // durable (folder synced).
  static base::Result<std::unique_ptr<Log>> open(Settings settings);

  // As close().
  ~Log() override;

  // Writes what waits, a last checkpoint, and joins the thread. Nothing is appended any more.
  void close();

  // Asks for the current segment to be closed and the next one begun, before anything that is
  // appended from now on; returns at once. Nothing happens if the segment holds no record yet, or
  // the next one cannot be created now. Thread-safe.
  void end_segment();

  // The newest checkpoint that is durable, with all that it covers; nothing while there is none.
  // Thread-safe.
  [[nodiscard]] std::optional<Head> head() const;

  // How long records took to be made durable, by each sync. Thread-safe.
  [[nodiscard]] base::DurationFigures syncs() const;

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
