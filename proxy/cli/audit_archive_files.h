// SPDX-License-Identifier: Apache-2.0
//
// Moving closed segments of the audit log into an archive, which is a log that verifies by itself:
// the segments, the checkpoints up to their end, the public key, and what was archived before where
// that is elsewhere. A copy is whole and durable before an original goes; nothing is overwritten.
#pragma once

#include <cstdint>
#include <string>

#include "audit/archived.h"
#include "audit/verify.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

struct ArchivePlan {
  std::string folder;      // the log's
  std::string archive;     // another one; made where it is not there
  audit::Archived before;  // what was archived until now
  audit::ClosedEnd end;    // of what is to be, behind that
};

// A file of that name in the archive has to say the same, as after a run that was stopped.
Problem copy_to_archive(const ArchivePlan& plan);

// Takes away what was archived, up to that segment.
Problem remove_archived(const std::string& folder, std::uint32_t segment);

}  // namespace keyswap::cli
