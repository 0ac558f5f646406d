// SPDX-License-Identifier: Apache-2.0
//
// The audit log's record that a home was restored. What was taken back since the backup was made
// counts again, and whoever reads the log has to see that. So the vault that is put in place brings
// the words of it along, and keeps them until they are in the log: no proxy serves a restored home
// whose log does not say so, wherever a restore was stopped (I7).
#pragma once

#include <cstdint>
#include <string>

#include "audit/log.h"
#include "proxy/base/clock.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

struct Restored {
  std::int64_t at_us = 0;
  std::string backup_sha256;    // of its file, hex
  std::string bindings_sha256;  // of those that come back, hex
};

// Into the vault that will be put in place, with what `now`, the one that it replaces, has not got
// into the log yet; null: there is none, or it cannot be read.
base::Status keep_restored(const Restored& restored, const vault::Vault* now, vault::Vault& staged);

// Writes what the vault keeps into the log, durably, and forgets it. A failure when the log or the
// vault cannot be written; what was not written stays.
Problem record_restored(audit::Log& log, vault::Vault& vault, const base::Clock& clock);

// The same of a home that nobody serves, into the log that the next `serve` would write. False: it
// is not there, or cannot be opened or written; then that start has to do it. By the holder of the
// home's lock.
bool record_restored_at_rest(const Home& home, vault::Vault& vault, const base::Clock& clock);

}  // namespace keyswap::cli
