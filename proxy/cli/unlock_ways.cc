// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/unlock_ways.h"

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

// A key on its way into its place, or out of it.
std::string waiting_key(const Home& home) {
  return home.key() + ".new";
}

std::string leaving_key(const Home& home) {
  return home.key() + ".old";
}

Failure not_changed(const base::Error& error) {
  return {Exit::cannot,
          "the vault was not changed: " + explain(error),
          error.code == base::Errc::locked ? "another command is writing to it; try again"
                                           : "look at the disk, and try again"};
}

Failure file_failure(const std::string& path, int number) {
  return {Exit::cannot,
          "cannot move the key file " + path + ": " + explain_errno(number),
          "look at the home's modes and the disk, and try again"};
}

// What a command left that was stopped on its way.
void remove_leftovers(const Home& home) {
  static_cast<void>(unlink(waiting_key(home).c_str()));
  static_cast<void>(unlink(leaving_key(home).c_str()));
}

base::Result<std::size_t> ways_of(const Home& home) {
  return vault::Vault::count_ways(home.vault());
}

base::Status write_waiting_key(const Home& home, const LockedText& key) {
  KS_TRY(write_key_file(waiting_key(home), key));
  return sync_folder(home.path);
}

}  // namespace

bool has_key_in_place(const Home& home) {
  struct stat info {};

  return lstat(home.key().c_str(), &info) == 0;
}

Problem set_passphrase(const Home& home, vault::Vault& vault, const vault::Secret& passphrase) {
  const auto ways = ways_of(home);
  if (!ways) {
    return not_changed(ways.error());
  }
  const bool is_key_alone = *ways == 1 && has_key_in_place(home);
  const auto changed =
      is_key_alone ? vault.add_passphrase(passphrase) : vault.change_passphrase(passphrase);
  return changed ? Problem() : Problem(not_changed(changed.error()));
}

Problem add_key_file(const Home& home, vault::Vault& vault) {
  if (has_key_in_place(home)) {
    return Failure{Exit::usage,
                   "there is a key file already: " + home.key(),
                   "to make another, first: keyswap passwd --drop-key-file"};
  }
  auto key = make_random_key();
  if (!key) {
    return key.failure();
  }
  remove_leftovers(home);
  // The file first, under another name: a key that the vault knows is never without its file.
  if (const auto written = write_waiting_key(home, key.value()); !written) {
    remove_leftovers(home);
    return Failure{Exit::cannot,
                   "cannot write the key file: " + explain(written.error()),
                   "make room on the disk; nothing was changed"};
  }
  if (const auto set = vault.set_key(std::move(key).value().to_secret()); !set) {
    remove_leftovers(home);
    return not_changed(set.error());
  }
  if (std::rename(waiting_key(home).c_str(), home.key().c_str()) != 0) {
    return file_failure(home.key(), errno);
  }
  const auto synced = sync_folder(home.path);
  return synced ? Problem()
                : Problem(file_failure(home.key(), static_cast<int>(synced.error().number)));
}

Problem drop_key_file(const Home& home, vault::Vault& vault) {
  if (vault.is_opened_by_key()) {
    return Failure{Exit::usage,
                   "what opened the vault is the key that is to be dropped",
                   "give the passphrase: then it is known that somebody has it"};
  }
  const bool has_file = has_key_in_place(home);
  if (has_file && std::rename(home.key().c_str(), leaving_key(home).c_str()) != 0) {
    return file_failure(home.key(), errno);
  }
  const auto synced = sync_folder(home.path);
  const auto dropped = synced ? vault.drop_other_way() : synced;
  if (!dropped) {
    if (has_file) {
      static_cast<void>(std::rename(leaving_key(home).c_str(), home.key().c_str()));
    }
    return not_changed(dropped.error());
  }
  remove_leftovers(home);
  return std::nullopt;
}

Problem drop_passphrase(const Home& home, vault::Vault& vault) {
  const auto ways = ways_of(home);
  if (!ways) {
    return not_changed(ways.error());
  }
  if (*ways == 1) {
    return Failure{Exit::no,
                   "there is no other way to open this vault",
                   "make one first: keyswap passwd --add-key-file"};
  }
  if (!vault.is_opened_by_key()) {
    return Failure{Exit::no,
                   "the home's key file did not open the vault: " + home.key(),
                   has_key_in_place(home) ? "give no passphrase, so that the file is taken"
                                          : "put it back; or make one: keyswap passwd "
                                            "--add-key-file"};
  }
  const auto dropped = vault.drop_other_way();
  return dropped ? Problem() : Problem(not_changed(dropped.error()));
}

}  // namespace keyswap::cli
