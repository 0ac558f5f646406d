// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap serve` gives up of its own rights, in three steps: what only root has, once memory
// is locked and before a file is opened; the files, before the first thread is started; the system
// calls, when everything runs. docs/operations.md, "The sandbox", says it to the operator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/sandbox/privileges.h"

namespace keyswap::cli {

// Whom `--user name` asks to become; nothing where this process is that user already, or the name
// is empty. A failure when there is no such user, it is root, or only root could become it.
Outcome<std::optional<sandbox::User>> user_to_become(const std::string& name);
// The home that counts then: as always, but below the user's own folder.
std::string home_of(const sandbox::User& user, const std::string& option);

// Becomes that user, if there is one, and gives up every capability.
Problem give_up_privileges(const std::optional<sandbox::User>& user);

// One line, when this still runs as root.
void warn_about_root();

// From now on only the home and the audit log's folder can be written, and files removed from the
// folders of sockets. Where the kernel has nothing for that, one line says so, and it goes on: the
// files' modes are as they were.
Problem restrict_files(const Home& home,
                       const std::string& audit_folder,
                       const std::vector<std::string>& socket_folders);

// The last step (sandbox::restrict_system_calls), for net::ServerParts::confine. I13: without it
// nothing is served.
base::Status restrict_system_calls();
// What to say then.
Failure sandbox_failure(const base::Error& error);

}  // namespace keyswap::cli
