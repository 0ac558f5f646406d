// SPDX-License-Identifier: Apache-2.0
//
// The hash chain (I7), pure: previous hash + record -> line and hash (docs/audit-format.md). Checkpoints
// are signed with Ed25519, so that a chain recomputed by a thief, or one cut short, shows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::audit {

using Hash = std::array<std::uint8_t, 32>;

// prev of the very first record.
inline constexpr Hash kGenesis{};

// Appends `{"v":1,"seq":N,<body>,"prev":"..","hash":".."}\n` to `out` and gives the record's hash:
// SHA-256(previous hash bytes || the line's bytes without `,"hash":".."`, and without the newline).
Hash append_line(std::uint64_t seq, const Hash& prev, std::string_view body, std::string& out);

struct Checkpoint {
  std::uint64_t seq = 0;  // of the last record it covers
  Hash hash{};            // of that record
  std::int64_t ts_us = 0;
  std::array<std::uint8_t, 64> signature{};
};

// The bytes that are signed.
std::string checkpoint_message(std::uint64_t seq, const Hash& hash, std::int64_t ts_us);
bool verify_checkpoint(const Checkpoint& checkpoint, const std::array<std::uint8_t, 32>& public_key);

}  // namespace keyswap::audit
