// SPDX-License-Identifier: Apache-2.0
//
// The head of a log: which log it is, and how far it reached. Whoever keeps one where the folder's
// owner cannot write it (the vault does, sealed) sees that the log was removed, replaced or set
// back, which the folder alone cannot show (I7). Pure but for hold_against() and read_head(), which
// read the folder.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/chain.h"
#include "audit/recover.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

struct Head {
  // Its id: the hash of its first record, which names a time, a process and a key, and is the same
  // as long as the log is.
  Hash log{};
  std::uint64_t seq = 0;  // of a record that was durable; 1 or more
  Hash hash{};            // of that record

  bool operator==(const Head&) const = default;
};

// `{"v":1,"log":"..","seq":N,"hash":".."}` without newline, and back: nothing for a line that is
// not exactly what head_line() would write.
std::string head_line(const Head& head);
std::optional<Head> parse_head_line(std::string_view line);

// The id of the log in the folder, by its first record; nothing while it has none. corrupt if that
// is not the first record of a log. Where that record was archived, by what says so; this one takes
// it at its word, whoever signed it.
base::Result<std::optional<Hash>> log_id(const std::string& folder);
// The same where it is known what was archived.
base::Result<std::optional<Hash>> log_id(const std::string& folder, const Archived& archived);

// Does the log that was found in the folder go on from that head? Else `older`: it is another log,
// it ends before the head, or another record stands there. A record in front of the newest segment
// is taken at its own word, as all of those are at a start; verify() reads them. One that was
// archived is not asked for: the vault's key signed that this log reached further.
base::Status hold_against(const std::string& folder, const Found& found, const Head& head);

// The head that the folder's newest checkpoint makes: what `keyswap audit head` shows. not_found if
// there is no signed record; corrupt as examine(). Takes no lock: a log may be in use.
base::Result<Head> read_head(const std::string& folder,
                             const std::array<std::uint8_t, 32>& public_key);

}  // namespace keyswap::audit
