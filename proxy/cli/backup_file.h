// SPDX-License-Identifier: Apache-2.0
//
// The file that `keyswap backup` writes, and which files of a home it holds. A line that names it;
// the length of vault.db in 8 bytes, little-endian; vault.db, sealed as ever; then one box of all
// else, sealed by the vault's data key for that vault.db alone (vault/seal.h): whoever has no way
// to open the vault reads and changes nothing of it. Never in it: the key file, which would open
// it, and the audit log, which only grows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/sealed.h"
#include "vault/vault.h"

namespace keyswap::cli {

// A file of the home, by its name below it.
struct BackedUp {
  std::string name;
  std::string bytes;

  bool operator==(const BackedUp&) const = default;
};

// May a backup put a file there? One folder deep at most; nothing that is the home's own state.
bool is_backup_name(std::string_view name);

// The one of that name; null if there is none.
const BackedUp* find_file(const std::vector<BackedUp>& files, std::string_view name);

// The list as bytes, and back; nothing for what pack() does not give, or with a name that may not
// be. Pure.
std::string pack(const std::vector<BackedUp>& files);
std::optional<std::vector<BackedUp>> unpack(std::string_view bytes);

struct BackupParts {
  std::string vault;  // the bytes of vault.db
  vault::Sealed rest;
};

std::string encode_backup(const BackupParts& parts);
std::optional<BackupParts> decode_backup(std::string_view bytes);

// All of a home that a backup holds besides vault.db, as it is now.
Outcome<std::vector<BackedUp>> collect(const Home& home);

// Are they the same but for limits.db, which grows while a proxy runs?
bool is_same_home(const std::vector<BackedUp>& left, const std::vector<BackedUp>& right);

// Of the roots that the bindings add, those that are not among the files: they lie elsewhere, or
// have a name that is none for a backup.
std::vector<std::string> roots_left_out(const Home& home, const std::vector<BackedUp>& files);

}  // namespace keyswap::cli
