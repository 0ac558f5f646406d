// SPDX-License-Identifier: Apache-2.0
//
// What root, a setuid program or a service manager gave this process beyond an ordinary user's
// rights, and how it is given up for good. Users and capabilities belong to a thread, so this is
// for a process that has one thread yet; those that it starts later inherit what is left.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "proxy/base/result.h"

namespace keyswap::sandbox {

// A user of this machine.
struct User {
  std::string name;
  uid_t id = 0;
  gid_t group = 0;
  std::string folder;  // the user's own, "/home/bob"
};

// not_found: there is none of that name; io (number = errno) when the machine's lists of users
// cannot be read.
base::Result<User> find_user(const std::string& name);

// Nothing that this process runs gets more rights than it has (no_new_privs); every capability is
// gone, also from the bounding set where that is allowed. With a user, whom only root can become:
// it is that user with that user's groups, and has no way back. What was done is asked of the
// kernel again. permission (number = errno) when the kernel does not do it: what was given up until
// then stays so.
base::Status give_up_privileges(const std::optional<User>& user);

}  // namespace keyswap::sandbox
