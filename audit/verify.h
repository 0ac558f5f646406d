// SPDX-License-Identifier: Apache-2.0
//
// The only judge of an audit log (I7): reads the segments in order in constant memory (and a
// bounded list of requests that are under way), recomputes the chain, checks every checkpoint's
// signature and that the log reaches it, and names the first bad record. Takes no lock: a log that
// is being written can be judged meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chain.h"
#include "audit/head.h"
#include "proxy/base/result.h"

namespace keyswap::audit {

// Requests followed at a time from decision to end, some 10 MB; the ones above count as unfinished.
// More than there can be connections (bounds::kClientConnectionsMax).
inline constexpr std::size_t kUnfinishedMax = 65'536;
inline constexpr std::size_t kUnfinishedNamedMax = 1000;

struct Unfinished {
  std::uint64_t seq = 0;   // of the decision's record
  std::string request_id;  // as the record spells it
};

// Records that were in no checkpoint when the log was opened, as it says itself (`unsigned_found`).
struct UnsignedFound {
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
};

// Where the newest closed segment ends.
struct ClosedEnd {
  std::uint32_t segment = 0;  // 0: none is closed
  std::uint64_t seq = 0;
  Hash hash{};
};

struct Verdict {
  bool is_intact = false;
  std::uint64_t archived_seq = 0;  // the log begins behind that record (audit/archived.h)
  std::uint64_t records = 0;       // that were read
  std::uint64_t last_seq = 0;
  Hash last_hash{};  // of record last_seq
  ClosedEnd closed;
  std::uint64_t checkpoints = 0;
  std::uint64_t last_checkpoint_seq = 0;
  // Bytes of an unfinished last line (a crash, or a writer at work): not an error by itself when no
  // checkpoint covers it.
  std::uint64_t torn_bytes = 0;
  // Requests whose decision is recorded as sent but whose end is not (crash; or still running), and
  // the first kUnfinishedNamedMax of them: their outcome is unknown.
  std::uint64_t unfinished = 0;
  std::vector<Unfinished> unfinished_requests;
  // Records that keyswap does not vouch for, each once, and the first kUnfinishedNamedMax places
  // where they stand: a crash left them, or somebody put them there.
  std::uint64_t unsigned_records = 0;
  std::vector<UnsignedFound> unsigned_found;
  // When not intact: where and what. Line 0: the file as a whole. seq: of the record that should
  // stand there; nothing for a file that holds no records.
  std::string file;  // name in the folder
  std::uint64_t line = 0;
  std::optional<std::uint64_t> seq;
  base::Note problem = "";
};

// What is known of the log from elsewhere than its folder.
struct Trusted {
  // Nothing: the one beside the log (audit.pub) is used.
  std::optional<std::array<std::uint8_t, 32>> public_key = std::nullopt;
  // How far the log once reached, and which it was. Read before the log, if that may be in use.
  std::optional<Head> head = std::nullopt;
};

// io, not_found for a folder that cannot be read or holds no log (and no head says that there was
// one), unavailable where segments were archived meanwhile; a log that is bad is a Verdict, not an
// error. A head in front of what was archived is held against which log it is, and no more.
//
// `each`, if given, is handed every record's line in its order, once it is known to be a part of
// the chain. That those behind the last checkpoint are good is known only with the verdict.
base::Result<Verdict> verify(const std::string& folder,
                             const Trusted& trusted,
                             const std::function<void(std::string_view line)>& each = nullptr);

}  // namespace keyswap::audit
