// SPDX-License-Identifier: Apache-2.0
//
// Making a home: built whole in a folder beside it, made durable, then renamed into place, so that
// a half-made home never stands where a home is looked for. Never overwrites.
#pragma once

#include <cstdint>
#include <string_view>

#include "ca/authority.h"
#include "proxy/cli/approval.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/terminal.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Names of what keyswap keeps sealed for itself.
inline constexpr std::string_view kCaKeyName = "ca-key";
inline constexpr std::string_view kSigningSeedName = "audit-signing-seed";

// The bindings that a home begins with: none, and an example whose placeholder nobody else has (one
// that stands in the documentation is known to all).
std::string starter_bindings();

// A passphrase nobody has to remember: 64 hexadecimal digits (256 bits).
Outcome<LockedText> make_random_key();

// Writes it to a new file of mode 0600, durably. io or no_space, number = errno.
base::Status write_key_file(const std::string& path, const LockedText& key);

// A home that stands in its place, in a folder that cannot be synced.
Failure not_durable(const Home& home, const base::Error& error);

// Makes the folders above it that are missing, for this user alone; errno says why not.
bool make_folders_above(const Home& home);

// Is there room for a home? (Nothing there, or an empty folder of ours.)
Problem check_place_for_home(const Home& home);

enum class KeyFile : unsigned char { none, write };  // write: `passphrase` becomes the file `key`
// The starter bindings are approved as `approval` says. `permitted`: the hosts that its CA may
// name.
Problem create_home(const Home& home,
                    const LockedText& passphrase,
                    KeyFile key_file,
                    const NewApproval& approval,
                    std::int64_t now_s,
                    const ca::PermittedHosts& permitted = {});

}  // namespace keyswap::cli
