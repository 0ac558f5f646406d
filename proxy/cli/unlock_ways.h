// SPDX-License-Identifier: Apache-2.0
//
// The ways to open a home's vault, as `keyswap passwd` changes them: the passphrase, the key file,
// or both. The file and the vault are two things, so the order matters: a kill between them leaves
// a vault that opens by what somebody has. A key file that opens nothing is never in its place
// (commands would take it, and not ask), and the only way is never taken away.
#pragma once

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

bool has_key_in_place(const Home& home);

// Another passphrase, or the first one, beside a key file that was the only way.
Problem set_passphrase(const Home& home, vault::Vault& vault, const vault::Secret& passphrase);

// A random key in a file of the home; what opens the vault now goes on doing so.
Problem add_key_file(const Home& home, vault::Vault& vault);

// The file goes, and what it opened; `vault` was opened by the passphrase.
Problem drop_key_file(const Home& home, vault::Vault& vault);

// The key file alone opens it from now on; `vault` was opened by that.
Problem drop_passphrase(const Home& home, vault::Vault& vault);

}  // namespace keyswap::cli
