// SPDX-License-Identifier: Apache-2.0
//
// A view of the machine of a process's own (namespaces(7)): no network but its own loopback, and
// covers over files that are not to be seen. For the command of `run --isolated`. It needs no
// rights: whoever makes a user namespace has all of them in it, until give_up_privileges() takes
// them again, which has to be done before anything else is run there.
//
// For a process with one thread. Nothing of this can be undone, and children inherit it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "proxy/base/result.h"

namespace keyswap::sandbox {

// User, mount, network and IPC namespaces for this process and its children, a PID namespace for
// its children alone. The user and the group keep their numbers, so that files are whose they were;
// all other users are shown as nobody. Loopback is up, and has only what is bound there from now
// on. What is mounted or unmounted outside is not seen any more.
// unsupported (number = errno): this machine does not let its users do that.
base::Status enter_namespaces();

// The first process of the PID namespace, started before any other: a child of this one that waits
// for orphans, and with which all of the namespace ends, at the latest when this process ends.
// /proc shows that namespace from then on. unsupported (number = errno): the machine's /proc is
// covered in parts, as in many containers, so that no other may be mounted.
base::Status start_first_process();

struct Cover {
  std::string folder;
  std::vector<std::string> kept;  // paths below it that can be read as before, not written
  std::vector<std::pair<std::string, std::string>> files;  // names and texts of new ones
};

// An empty folder over the folder, that nobody can write, but for what is kept (what is not there
// is passed over) and the new files. not_found: there is no such folder. io (number = errno).
base::Status cover_folder(const Cover& cover);

// Another file over a file, "/dev/null" for an empty one. not_found: there is none, or none that
// this user reaches. io (number = errno).
base::Status cover_file(const std::string& path, const std::string& with);

}  // namespace keyswap::sandbox
