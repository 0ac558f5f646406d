// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap serve` gives up of its own rights, in three steps: what only root has, once memory
// is locked and before a file is opened; the files, before the first thread is started; the system
// calls, when everything runs. docs/operations.md, "The sandbox", says it to the operator.
#pragma once

#include <string>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// Becomes `user` where one is named, whose home then counts for the choice of keyswap's; gives up
// every capability. A failure when there is no such user, or it cannot be become.
Problem give_up_privileges(const std::string& user);

// One line, when this still runs as root.
void warn_about_root();

// From now on only the home and the audit log's folder can be written. Where the kernel has nothing
// for that, one line says so, and it goes on: the files' modes are as they were.
Problem restrict_files(const Home& home, const std::string& audit_folder);

// The last step (sandbox::restrict_system_calls), for net::ServerParts::confine. I13: without it
// nothing is served.
base::Status restrict_system_calls();
// What to say then.
Failure sandbox_failure(const base::Error& error);

}  // namespace keyswap::cli
