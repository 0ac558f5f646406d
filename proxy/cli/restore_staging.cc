// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include "bindings/digest.h"
#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/cli/backup_file.h"
#include "proxy/cli/bundle.h"
#include "proxy/cli/confirmation.h"
#include "proxy/cli/files.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/restore.h"
#include "proxy/cli/restore_record.h"
#include "proxy/cli/restoring.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"
#include "proxy/cli/unlock_ways.h"
#include "proxy/limits/sqlite_store.h"
#include "vault/approval.h"

namespace keyswap::cli {

namespace {

std::int64_t now_s() {
  return base::SystemClock().wall_us() / 1'000'000;
}

bool exists(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0;
}

Failure damaged(const std::string& file, const std::string& why) {
  return {
      Exit::no, file + " cannot be restored: " + why, "use another backup; nothing was changed"};
}

Failure not_written(const base::Error& error) {
  return {Exit::cannot,
          "the backup cannot be unpacked: " + explain(error),
          "make room on the disk; nothing was changed"};
}

struct ReadBackup {
  BackupParts parts;
  std::string sha256;
};

Outcome<ReadBackup> read_backup(const std::string& file) {
  const auto bytes = read_file(file, base::bounds::kBackupBytesMax);
  if (!bytes) {
    return Failure{Exit::cannot,
                   "cannot read " + file + ": " + explain(bytes.error()),
                   "check the name, and that this user may read it"};
  }
  auto parts = decode_backup(*bytes);
  if (!parts) {
    return damaged(file, "it is no backup of keyswap");
  }
  return ReadBackup{*std::move(parts), bindings::sha256_hex(*bytes)};
}

// The key file of the home may be another vault's, or a later one: then somebody is asked.
base::Result<vault::Vault> open_by(const Home& home,
                                   const Home& staged,
                                   const UnlockOptions& unlock,
                                   Problem& problem) {
  auto passphrase = read_passphrase(home, unlock);
  if (!passphrase) {
    problem = passphrase.failure();
    return base::Error{base::Errc::unavailable, "there is no passphrase"};
  }
  auto vault = vault::Vault::open(staged.vault(), std::move(passphrase).value().to_secret());
  const bool is_wrong = !vault && vault.error().code == base::Errc::wrong_passphrase;
  if (!is_wrong || !has_key_file(home, unlock) || !has_terminal()) {
    return vault;
  }
  UnlockOptions typed = unlock;
  typed.ignores_key_file = true;
  return open_by(home, staged, typed, problem);
}

Outcome<vault::Vault> open_staged(const std::string& file,
                                  const Home& home,
                                  const Home& staged,
                                  const UnlockOptions& unlock) {
  Problem problem;
  auto vault = open_by(home, staged, unlock, problem);
  if (problem) {
    return *std::move(problem);
  }
  if (!vault && vault.error().code == base::Errc::wrong_passphrase) {
    return Failure{Exit::cannot,
                   "wrong passphrase for the vault in " + file,
                   "it opens by what opened the vault when it was made; nothing was changed"};
  }
  if (!vault) {
    return damaged(file, explain(vault.error()));
  }
  return std::move(vault).value();
}

Problem unpack_rest(const std::string& file, const BackupParts& parts, StagedHome& staged) {
  const auto rest = staged.vault.open_backup(parts.vault, parts.rest);
  if (!rest) {
    return damaged(file, explain(rest.error()));
  }
  const auto files = unpack(*rest);
  const auto* const policy = files ? find_file(*files, "bindings.yaml") : nullptr;
  if (policy == nullptr) {
    return damaged(file, "what it holds is no home");
  }
  staged.bindings_sha256 = bindings::sha256_hex(policy->bytes);
  if (const auto written = write_files(staged.home.path, *files); !written) {
    return not_written(written.error());
  }
  if (const auto usage = limits::read_usage(staged.home.limits());
      !usage && usage.error().code != base::Errc::not_found) {
    return damaged(file, explain(usage.error()));
  }
  const auto* const certificate = find_file(*files, "ca.pem");
  if (certificate == nullptr) {
    warn("there is no CA in the backup", "make one: keyswap ca rotate");
    return std::nullopt;
  }
  if (auto authority = open_authority(staged.home, staged.vault, now_s()); !authority) {
    warn(authority.failure().what, authority.failure().hint);
  }
  const auto written = write_certificates(staged.home, certificate->bytes, now_s());
  return written ? Problem() : Problem(not_written(written.error()));
}

base::Status keep_number(const vault::Vault& now, vault::Vault& staged) {
  const auto was = vault::read_approval(now);
  auto is = vault::read_approval(staged);
  if (!was || !*was || !is || !*is || (*was)->number <= (*is)->number) {
    return {};
  }
  (*is)->number = (*was)->number;
  return vault::write_approval(staged, **is);
}

Failure not_kept(const base::Error& error) {
  return {Exit::cannot,
          "what was counted since cannot be taken over: " + explain(error),
          "look at the disk; nothing was changed"};
}

}  // namespace

Outcome<StagedHome> stage_backup(const std::string& file,
                                 const std::string& folder,
                                 const Home& home,
                                 const UnlockOptions& unlock) {
  auto read = read_backup(file);
  if (!read) {
    return read.failure();
  }
  const BackupParts& parts = read->parts;
  const Home staged{folder};
  constexpr mode_t kPrivateMode = 0600;
  if (const auto written = write_file(staged.vault(), parts.vault, kPrivateMode); !written) {
    return not_written(written.error());
  }
  auto vault = open_staged(file, home, staged, unlock);
  if (!vault) {
    return vault.failure();
  }
  StagedHome made{staged, std::move(vault).value(), read->sha256, ""};
  if (auto problem = unpack_rest(file, parts, made)) {
    return *std::move(problem);
  }
  return made;
}

Problem refuse_beside_proxy(const Home& home, const StagedHome& staged) {
  const auto now = staged.vault.open_another(home.vault());
  const auto proxy = now ? named_proxy(home, *now) : std::nullopt;
  return proxy ? Problem(Failure{
                     Exit::cannot,
                     "a proxy runs on this home (pid " + std::to_string(*proxy) + "): " + home.path,
                     "stop it first; nothing was changed"})
               : std::nullopt;
}

Problem keep_what_only_grows(const Home& home, std::int64_t now_us, StagedHome& staged) {
  const auto now = staged.vault.open_another(home.vault());
  if (!now && now.error().code == base::Errc::invalid_input) {
    return Failure{
        Exit::usage,
        "the home " + home.path + " is that of another vault",
        "restore into a new one with --home, or move this one away; nothing was changed"};
  }
  if (now) {
    if (const auto kept = take_over_heads(*now, staged.vault); !kept) {
      return not_kept(kept.error());
    }
    if (const auto kept = keep_number(*now, staged.vault); !kept) {
      return not_kept(kept.error());
    }
  } else if (now.error().code != base::Errc::not_found) {
    warn("the vault that is there cannot be read: " + explain(now.error()),
         "how far the audit log reached since the backup is known from the log alone");
  }
  const Restored restored{now_us, staged.backup_sha256, staged.bindings_sha256};
  if (const auto kept = keep_restored(restored, now ? &*now : nullptr, staged.vault); !kept) {
    return not_kept(kept.error());
  }
  if (!exists(home.limits())) {
    return std::nullopt;
  }
  const auto kept = limits::keep_larger_usage(staged.home.limits(), home.limits());
  if (!kept && kept.error().code == base::Errc::corrupt) {
    warn("what is used of limits cannot be read: " + explain(kept.error()),
         "what was used since the backup is forgotten");
    return std::nullopt;
  }
  return kept ? Problem() : Problem(not_kept(kept.error()));
}

std::vector<std::string> misfits(const Home& home, const StagedHome& staged) {
  if (!has_key_in_place(home)) {
    return {};
  }
  auto key = read_home_key(home);
  const bool fits =
      key && vault::Vault::open(staged.home.vault(), std::move(key).value().to_secret());
  return fits ? std::vector<std::string>() : std::vector<std::string>{"key"};
}

}  // namespace keyswap::cli
