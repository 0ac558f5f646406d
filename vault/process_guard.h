// SPDX-License-Identifier: Apache-2.0
//
// I1: a process that may hold a secret leaves no core dump and cannot be traced by others of the
// same user: RLIMIT_CORE 0 and PR_SET_DUMPABLE 0. Called first thing by every command that unlocks
// the vault.
#pragma once

#include <cstddef>

#include "proxy/base/bounds.h"
#include "proxy/base/result.h"

namespace keyswap::vault {

// PR_SET_DUMPABLE 0 alone: other processes of the same user neither trace this one nor read its
// memory, its environment or its descriptors. Limits stay as they are, for a child to have.
base::Status forbid_tracing();

// guard_process: the two settings, then lock_memory() of vault/secret.h. Fails closed (I13).
base::Status guard_process(std::size_t locked_bytes = base::bounds::kLockedArenaBytesMin);

}  // namespace keyswap::vault
