// SPDX-License-Identifier: Apache-2.0
//
// In which folder the audit log of some bindings is, and whether a new one may begin there. A log
// is never begun anew in silence (I7): somebody who removes the whole log must not get an empty one
// that verifies. So the vault remembers each folder in which one was begun.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Where the audit log of some bindings is, and where it was or would be if a file came or went at
// `audit.path`.
struct AuditPlace {
  std::string folder;
  std::string sibling;  // "": the home's log has none
};

// The home's, or `audit.path`. Where that is a file, as another program's log may be, the folder of
// that name with ".d" behind it.
AuditPlace audit_place(const Home& home, const bindings::Bindings& bindings);

inline std::string audit_folder(const Home& home, const bindings::Bindings& bindings) {
  return audit_place(home, bindings).folder;
}

// The same by the bindings that are being served, else the home's, if they can be read.
AuditPlace audit_place(const Home& home);
// The file that these are read from.
std::string served_bindings(const Home& home);

// For commands that only read, and open no vault: where the last proxy said that it writes, which
// stays true whatever is done to the bindings; else by these.
std::string audit_folder(const Home& home);

// How a folder is written down: the home's own by no path, as a home may be moved. And back.
std::string name_of_audit_folder(const Home& home, const std::string& folder);
std::string audit_folder_of_name(const Home& home, std::string_view name);

// Is it the log that `init` began in the home? By the names alone: where links lead is the word of
// whoever can write beside the log (I7).
bool is_log_of_home(const Home& home, const std::string& folder);

// Where a log was begun and is gone: that folder, if it is not there; or its sibling, if none was
// begun in the folder itself, whatever is there now.
std::optional<std::string> lost_audit_folder(const Home& home,
                                             const AuditPlace& place,
                                             const vault::Vault& vault);

// Sees to it that there is a folder for the log: makes one where no log was begun before, and says
// so. A failure when a log was begun there and is gone (above), or the folder cannot be made.
Problem prepare_audit_folder(const Home& home, const AuditPlace& place, vault::Vault& vault);

// The two steps of it, for where the operator goes on after a loss: what is between them may fail,
// and the log is as lost as before.
Problem make_audit_folder(const std::string& folder);
// The vault remembers that the log was begun there, no longer in the sibling, and that it is the
// one that is written now.
Problem remember_audit_folder(const Home& home, const AuditPlace& place, vault::Vault& vault);

// The vault's entry of it.
inline constexpr std::string_view kAuditPlaceName = "audit-place";

// Where the log that was written last is, whatever bindings.yaml says meanwhile; nothing if it was
// never remembered.
std::optional<std::string> remembered_audit_folder(const Home& home, const vault::Vault& vault);

}  // namespace keyswap::cli
