// SPDX-License-Identifier: Apache-2.0
//
// The only judge of an audit log (I7): reads the segments in order in constant memory, recomputes the
// chain, checks every checkpoint's signature and that the log reaches it, and names the first bad record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "proxy/base/result.h"

namespace keyswap::audit {

struct Verdict {
  bool is_intact = false;
  std::uint64_t records = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t last_checkpoint_seq = 0;
  // Bytes of an unfinished last line (a crash, or a writer at work): not an error by itself when no
  // checkpoint covers it.
  std::uint64_t torn_bytes = 0;
  // Requests whose decision is recorded as sent but whose end is not (crash; or still running).
  std::uint64_t unfinished = 0;
  // When not intact: where and what.
  std::string file;  // name in the folder
  std::uint64_t line = 0;
  std::optional<std::uint64_t> seq;
  base::Note problem = "";
};

// `public_key`: the key the operator trusts, or nothing to use the one beside the log (audit.pub). io,
// not_found for a folder that cannot be read; a log that is bad is a Verdict, not an error.
base::Result<Verdict> verify(const std::string& folder,
                             const std::optional<std::array<std::uint8_t, 32>>& public_key);

}  // namespace keyswap::audit
