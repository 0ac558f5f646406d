// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_place.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <sys/stat.h>

#include "bindings/digest.h"
#include "proxy/cli/files.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kFolderMode = 0700;
constexpr std::string_view kBeside = ".d";  // behind the name of a file of another program

bool is_folder(const std::string& path) {
  struct stat info {};

  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_there(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0;
}

// The name under which the vault remembers that a log was begun there; a path may be longer than a
// name can be.
std::string entry_of(const std::string& folder) {
  return "audit-folder-" + bindings::sha256_hex(folder);
}

Problem cannot_make(const std::string& folder, int failed) {
  return Failure{Exit::cannot,
                 "the audit log's folder " + folder + " cannot be made: " + std::strerror(failed),
                 "make it yourself: mkdir -m 700 -p " + folder +
                     "   or name another folder: keyswap help audit"};
}

// The folder and what is missing above it, each for its owner alone.
Problem make_folders(const std::string& folder) {
  const auto parent = std::filesystem::path(folder).parent_path().string();
  if (!parent.empty() && parent != folder && !is_folder(parent)) {
    if (auto problem = make_folders(parent)) {
      return problem;
    }
  }
  if (mkdir(folder.c_str(), kFolderMode) != 0 && (errno != EEXIST || !is_folder(folder))) {
    return cannot_make(folder, errno);
  }
  if (const auto synced = sync_folder(parent.empty() ? "." : parent); !synced) {
    return Failure{
        Exit::cannot,
        "the audit log's folder " + folder + " is not durable: " + explain(synced.error()),
        "look at the disk"};
  }
  return std::nullopt;
}

Problem remember(const std::string& folder, vault::Vault& vault) {
  const auto value = vault::Secret::copy_of(folder);
  const auto put = value ? vault.put_system(entry_of(folder), *value) : base::Status(value.error());
  if (!put) {
    return Failure{Exit::cannot,
                   "the vault cannot remember the audit log's folder: " + explain(put.error()),
                   "look at the disk; nothing was started"};
  }
  return std::nullopt;
}

bool was_begun(const Home& home, const std::string& folder, const vault::Vault& vault) {
  return is_log_of_home(home, folder) || !vault.system_names(entry_of(folder)).empty();
}

// Where the log of the same `audit.path` is when a file comes or goes there (audit_folder).
std::string sibling_of(const std::string& folder) {
  return folder.ends_with(kBeside) ? folder.substr(0, folder.size() - kBeside.size())
                                   : folder + std::string(kBeside);
}

}  // namespace

bool is_log_of_home(const Home& home, const std::string& folder) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(folder, ignored) ==
         std::filesystem::weakly_canonical(home.audit(), ignored);
}

std::string audit_folder(const Home& home, const bindings::Bindings& bindings) {
  const std::string& path = bindings.audit_path;
  if (path.empty()) {
    return home.audit();
  }
  // Also when the file is gone later: the log that was begun beside it stays the log.
  std::string beside = path + std::string(kBeside);
  return !is_folder(path) && (is_there(path) || is_folder(beside)) ? beside : path;
}

std::string audit_folder(const Home& home) {
  const auto running = find_running(home);
  const bool is_told = running && !running->bindings.empty();
  auto parsed = read_bindings(is_told ? running->bindings : home.bindings());
  return parsed && parsed->errors.empty() ? audit_folder(home, parsed->bindings) : home.audit();
}

std::optional<std::string> lost_audit_folder(const Home& home,
                                             const std::string& folder,
                                             const vault::Vault& vault) {
  if (is_there(folder)) {
    return std::nullopt;
  }
  if (was_begun(home, folder, vault)) {
    return folder;
  }
  // I7: nor is it begun anew on the other side of a file that came or went.
  const std::string sibling = sibling_of(folder);
  if (!is_folder(sibling) && was_begun(home, sibling, vault)) {
    return sibling;
  }
  return std::nullopt;
}

Problem prepare_audit_folder(const Home& home, const std::string& folder, vault::Vault& vault) {
  if (const auto lost = lost_audit_folder(home, folder, vault)) {
    return Failure{Exit::cannot,
                   "the audit log's folder " + *lost + " is not there",
                   "put it back; or begin a new log, which records the loss: keyswap audit "
                   "accept-loss"};
  }
  return begin_audit_folder(home, folder, vault);
}

Problem begin_audit_folder(const Home& home, const std::string& folder, vault::Vault& vault) {
  if (!is_there(folder)) {
    if (auto problem = make_folders(folder)) {
      return problem;
    }
    note("a new audit log begins in " + folder);
  }
  return was_begun(home, folder, vault) ? std::nullopt : remember(folder, vault);
}

}  // namespace keyswap::cli
