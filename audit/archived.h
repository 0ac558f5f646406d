// SPDX-License-Identifier: Apache-2.0
//
// Which segments of a log were moved into an archive, as a line that the vault's key signed (I7):
// they are not missing then, and the log begins behind them. Nobody without the passphrase can make
// such a line, and an older one says that fewer are gone. The archive itself is a log of its own
// (docs/audit-format.md, "Archived segments").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/chain.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

inline constexpr std::string_view kArchivedName = "archived.json";

struct Archived {
  Hash log{};                 // its id (audit/head.h)
  std::uint32_t segment = 0;  // the last that was moved away; 0: none was
  std::uint64_t bytes = 0;    // of that segment
  std::uint64_t seq = 0;      // of its last record
  Hash hash = kGenesis;       // of that record
  std::int64_t ts_us = 0;     // when it was moved
  std::array<std::uint8_t, 64> signature{};
};

// What is signed: as of a checkpoint, with a word of its own.
std::string archived_message(const Archived& archived);

// `{"v":1,"log":"..","segment":N,"bytes":N,"seq":N,"hash":"..","ts":"..","sig":".."}` without
// newline, and back: nothing for a line that is not exactly what archived_line() would write. The
// signature is not judged.
std::string archived_line(const Archived& archived);
std::optional<Archived> parse_archived_line(std::string_view line);

// What the folder says; segment 0 if it says nothing. corrupt if it is no such line, or not signed
// by that key.
base::Result<Archived> read_archived(const std::string& folder,
                                     const std::array<std::uint8_t, 32>& public_key);
// The same of any key, for who looks for records and judges none.
base::Result<Archived> read_archived_unjudged(const std::string& folder);

}  // namespace keyswap::audit
