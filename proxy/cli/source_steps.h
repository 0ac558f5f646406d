// SPDX-License-Identifier: Apache-2.0
//
// What the runs of sources read of this machine (vault/sources/run.h): what a source is opened
// with, an entry of the vault or a file. Both touch the disk, so they are asked for on a worker's
// thread (proxy/outgoing/run_drive.h).
#pragma once

#include <cstdint>

#include "vault/sources/run.h"
#include "vault/vault.h"

namespace keyswap::cli {

// An entry of either kind, with its version. `is_anew`: what other processes wrote is taken over
// first; if that fails, so does this (I13).
vault::Answer read_own_entry(vault::Vault& vault,
                             const vault::ReadEntry& step,
                             bool is_anew,
                             std::int64_t now_s);

// What a run keeps (Vault::replace_if).
vault::Answer keep_own_entry(vault::Vault& vault, const vault::KeepEntry& step, std::int64_t now_s);

// A plain file of ours or root's that nobody else may read or write, in folders that nobody else
// may write to, of at most bounds::kSecretBytesMax; a credential of systemd, or what a platform
// mounts, only nobody else may write. not_found; permission: another could have
// written it, or read it; limit_exceeded; io (number = errno); unavailable: no locked memory.
vault::Answer read_own_file(const vault::ReadFile& step);

}  // namespace keyswap::cli
