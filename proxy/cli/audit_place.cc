// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit_place.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include <sys/stat.h>

#include "bindings/digest.h"
#include "proxy/cli/files.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kFolderMode = 0700;
constexpr std::string_view kHomes = "home";  // no path: those begin with a slash
constexpr std::string_view kBeside = ".d";   // behind the name of a file of another program

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

bool has_entry(const std::string& folder, const vault::Vault& vault) {
  return !folder.empty() && !vault.system_names(entry_of(folder)).empty();
}

// `init` began the home's own without an entry. That is over when the log went to its sibling.
bool was_begun(const Home& home, const AuditPlace& place, const vault::Vault& vault) {
  return has_entry(place.folder, vault) ||
         (is_log_of_home(home, place.folder) && !has_entry(place.sibling, vault));
}

Failure cannot_remember(const base::Error& error) {
  return {Exit::cannot,
          "the vault cannot remember the audit log's folder: " + explain(error),
          "look at the disk; nothing was started"};
}

Problem remember_current(const Home& home, const std::string& folder, vault::Vault& vault) {
  const std::string name = name_of_audit_folder(home, folder);
  const auto kept = vault.fetch_system(kAuditPlaceName);
  if (kept && kept->reveal() == name) {
    return std::nullopt;
  }
  const auto value = vault::Secret::copy_of(name);
  const auto put = value ? vault.put_system(kAuditPlaceName, *value) : base::Status(value.error());
  if (!put) {
    return cannot_remember(put.error());
  }
  return std::nullopt;
}

Failure lost_folder(const std::string& lost, const std::string& folder) {
  if (is_folder(lost)) {
    return {Exit::cannot,
            "the audit log is in " + lost + ", and something else stands at " + folder,
            "move that away; or begin a new log there, which records the loss: keyswap audit "
            "accept-loss"};
  }
  return {Exit::cannot,
          "the audit log's folder " + lost + " is not there",
          "put it back; or begin a new log, which records the loss: keyswap audit accept-loss"};
}

}  // namespace

bool is_log_of_home(const Home& home, const std::string& folder) {
  std::filesystem::path named = std::filesystem::path(folder).lexically_normal();
  if (!named.has_filename()) {
    named = named.parent_path();
  }
  return named == std::filesystem::path(home.audit()).lexically_normal();
}

AuditPlace audit_place(const Home& home, const bindings::Bindings& bindings) {
  const std::string& path = bindings.audit_path;
  if (path.empty()) {
    return {home.audit(), ""};
  }
  // Also when the file is gone later: the log that was begun beside it stays the log.
  std::string beside = path + std::string(kBeside);
  const bool is_beside = !is_folder(path) && (is_there(path) || is_folder(beside));
  return is_beside ? AuditPlace{std::move(beside), path} : AuditPlace{path, std::move(beside)};
}

AuditPlace audit_place(const Home& home) {
  auto parsed = read_bindings(served_bindings(home));
  return parsed && parsed->errors.empty() ? audit_place(home, parsed->bindings)
                                          : AuditPlace{home.audit(), ""};
}

std::string audit_folder(const Home& home) {
  const auto last = read_announced(home);
  return last && !last->audit.empty() ? audit_folder_of_name(home, last->audit)
                                      : audit_place(home).folder;
}

std::string name_of_audit_folder(const Home& home, const std::string& folder) {
  return is_log_of_home(home, folder) ? std::string(kHomes) : folder;
}

std::string audit_folder_of_name(const Home& home, std::string_view name) {
  return name == kHomes ? home.audit() : std::string(name);
}

std::string served_bindings(const Home& home) {
  const auto running = find_running(home);
  return running && !running->bindings.empty() ? running->bindings : home.bindings();
}

std::optional<std::string> lost_audit_folder(const Home& home,
                                             const AuditPlace& place,
                                             const vault::Vault& vault) {
  if (was_begun(home, place, vault)) {
    return is_there(place.folder) ? std::nullopt : std::optional(place.folder);
  }
  // I7: nor is it begun anew on the other side of a file that came or went. Who moved the log away
  // may have put anything in its place.
  if (!place.sibling.empty() && was_begun(home, {place.sibling, place.folder}, vault)) {
    return place.sibling;
  }
  return std::nullopt;
}

Problem prepare_audit_folder(const Home& home, const AuditPlace& place, vault::Vault& vault) {
  if (const auto lost = lost_audit_folder(home, place, vault)) {
    return lost_folder(*lost, place.folder);
  }
  if (auto problem = make_audit_folder(place.folder)) {
    return problem;
  }
  return remember_audit_folder(home, place, vault);
}

Problem make_audit_folder(const std::string& folder) {
  if (is_there(folder)) {
    return std::nullopt;
  }
  if (auto problem = make_folders(folder)) {
    return problem;
  }
  note("a new audit log begins in " + folder);
  return std::nullopt;
}

Problem remember_audit_folder(const Home& home, const AuditPlace& place, vault::Vault& vault) {
  if (!was_begun(home, place, vault)) {
    const auto value = vault::Secret::copy_of(place.folder);
    const auto put =
        value ? vault.put_system(entry_of(place.folder), *value) : base::Status(value.error());
    if (!put) {
      return cannot_remember(put.error());
    }
  }
  // I7: only one of the two is the log, or an old copy of the other could come back as the log.
  if (has_entry(place.sibling, vault)) {
    if (const auto gone = vault.remove_system(entry_of(place.sibling)); !gone) {
      return cannot_remember(gone.error());
    }
  }
  return remember_current(home, place.folder, vault);
}

std::optional<std::string> remembered_audit_folder(const Home& home, const vault::Vault& vault) {
  const auto kept = vault.fetch_system(kAuditPlaceName);
  if (!kept) {
    return std::nullopt;
  }
  return audit_folder_of_name(home, kept->reveal());
}

}  // namespace keyswap::cli
