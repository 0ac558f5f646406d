// SPDX-License-Identifier: Apache-2.0
//
// The hash chain (I7), pure: previous hash + record -> line and hash (docs/audit-format.md).
// Checkpoints are signed with Ed25519, so that a chain recomputed by a thief, or cut short, shows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
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

// The hash of a record that is read back: `text` is its line before `,"hash":".."}`.
Hash hash_line(const Hash& prev, std::string_view text);

// Lower-case hex, appended.
void append_hex(const std::uint8_t* bytes, std::size_t size, std::string& out);
// Fills `out` from exactly as many lower-case hex digits; false for anything else.
[[nodiscard]] bool parse_hex(std::string_view digits, std::uint8_t* out, std::size_t size);

struct Checkpoint {
  std::uint64_t seq = 0;  // of the last record it covers
  Hash hash{};            // of that record
  std::int64_t ts_us = 0;
  std::array<std::uint8_t, 64> signature{};
};

// The bytes that are signed: a word that keeps the signature from meaning anything else, a line
// feed, and the checkpoint's line without `,"sig":".."`.
std::string checkpoint_message(std::uint64_t seq, const Hash& hash, std::int64_t ts_us);
// Ed25519: did that key sign that message?
bool is_signed(std::string_view message,
               const std::array<std::uint8_t, 64>& signature,
               const std::array<std::uint8_t, 32>& public_key);
bool verify_checkpoint(const Checkpoint& checkpoint,
                       const std::array<std::uint8_t, 32>& public_key);

// `{"v":1,"seq":N,"hash":"..","ts":"..","sig":".."}` without newline, and back: nothing for a line
// that is not exactly what checkpoint_line() would write. The signature is not judged.
std::string checkpoint_line(const Checkpoint& checkpoint);
std::optional<Checkpoint> parse_checkpoint_line(std::string_view line);

}  // namespace keyswap::audit
