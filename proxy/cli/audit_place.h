// SPDX-License-Identifier: Apache-2.0
//
// In which folder the audit log of some bindings is, and whether a new one may begin there. A log
// is never begun anew in silence (I7): somebody who removes the whole log must not get an empty one
// that verifies. So the vault remembers each folder in which one was begun.
#pragma once

#include <optional>
#include <string>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Where the audit log of these bindings is: the home's, or `audit.path`. Where that is a file, as
// another program's log may be, the folder of that name with ".d" behind it.
std::string audit_folder(const Home& home, const bindings::Bindings& bindings);
// The same for commands that only read: by the bindings that are being served, else the home's, if
// they can be read.
std::string audit_folder(const Home& home);

// Is it the log that `init` began in the home, whatever name the folder is given here?
bool is_log_of_home(const Home& home, const std::string& folder);

// Where a log was begun and is gone: that folder, or the one on the other side of a file that came
// or went (above).
std::optional<std::string> lost_audit_folder(const Home& home,
                                             const std::string& folder,
                                             const vault::Vault& vault);

// Sees to it that there is a folder for the log: makes one where no log was begun before, and says
// so. A failure when a log was begun there and is gone (above), or the folder cannot be made.
Problem prepare_audit_folder(const Home& home, const std::string& folder, vault::Vault& vault);
// The same where the operator goes on after a loss.
Problem begin_audit_folder(const Home& home, const std::string& folder, vault::Vault& vault);

}  // namespace keyswap::cli
