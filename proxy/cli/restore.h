// SPDX-License-Identifier: Apache-2.0
//
// A backup, opened and checked whole in a folder of its own, before anything of a home is touched
// (proxy/cli/restoring.h puts it in place).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The home of a backup in a folder beside its place, with the vault that it holds.
struct StagedHome {
  Home home;
  vault::Vault vault;
  std::string backup_sha256;    // of the backup's file, hex
  std::string bindings_sha256;  // of the bindings in it, hex
};

// Opens the backup into the empty folder `folder`, by what opens the vault in it: the options, the
// key file of `home`, where it is to be restored, or a prompt.
Outcome<StagedHome> stage_backup(const std::string& file,
                                 const std::string& folder,
                                 const Home& home,
                                 const UnlockOptions& unlock);

// What the home's state is that a restore must not set back goes into the staged one: how far the
// audit log reached, the number of the approval, and what was used of limits; the larger of both
// counts. So does the word of this restore, and of others that the log has not got yet. Where the
// home's own cannot be read, it is told.
Problem keep_what_only_grows(const Home& home, std::int64_t now_us, StagedHome& staged);

// Does a proxy run on the home? By the word of the vault that is there, for whoever can write the
// home can remove serve.lock (I13).
Problem refuse_beside_proxy(const Home& home, const StagedHome& staged);

// Files of the home that do not fit the staged one, and have to go with those it replaces.
std::vector<std::string> misfits(const Home& home, const StagedHome& staged);

// Opens the backup, checks all of it, and leaves nothing behind.
Problem verify_backup(const std::string& home,
                      const UnlockOptions& unlock,
                      const std::string& file);

}  // namespace keyswap::cli
