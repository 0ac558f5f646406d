// SPDX-License-Identifier: Apache-2.0
//
// What stands in an audit folder when the log is opened: where its chain ends, judged (I7), and
// what a crash left behind it. Only the last segment and the newest checkpoint are read, so that a
// start takes the time of one segment; `keyswap audit verify` reads all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "audit/archived.h"
#include "audit/chain.h"
#include "audit/file.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

struct Found {
  Archived archived;              // what is not there any more, and is not missing
  std::uint32_t segment = 0;      // the newest; 0: the folder holds no log yet
  std::uint64_t whole_bytes = 0;  // of that segment
  std::uint64_t torn_bytes = 0;   // behind them
  std::uint64_t seq = 0;          // of the last record
  Hash hash = kGenesis;
  bool has_checkpoints_file = false;
  std::uint64_t checkpoint_whole_bytes = 0;
  std::uint64_t checkpoint_torn_bytes = 0;
  std::uint64_t checkpoint_seq = 0;  // of the newest; 0: there is none
  Hash checkpoint_hash{};            // of the record that it covers last
};

// corrupt: the log is damaged in a way that no crash leaves behind.
base::Result<Found> examine(const std::string& folder,
                            const std::array<std::uint8_t, 32>& public_key);

// The folder's newest whole checkpoint, which is signed by that key; nothing if there is none.
// corrupt if it is not.
base::Result<std::optional<Checkpoint>> newest_checkpoint(
    const std::string& folder, const std::array<std::uint8_t, 32>& public_key);

// Moves the torn bytes of the newest segment to a file of their own, durably, then cuts them off;
// gives that file's name.
base::Result<std::string> move_torn_bytes(Files& files,
                                          const std::string& folder,
                                          const Found& found);

// Makes audit.pub, or compares: corrupt if it holds another key.
base::Status settle_public_key(Files& files,
                               const std::string& folder,
                               const std::array<std::uint8_t, 32>& public_key);

// The content of a small file; nothing if there is no such file, corrupt above `bytes_max`.
base::Result<std::optional<std::string>> read_small_file(const std::string& path,
                                                         std::size_t bytes_max);

}  // namespace keyswap::audit
