// SPDX-License-Identifier: Apache-2.0
//
// Landlock (landlock(7)): which files this process may change, and which other processes it may
// reach, whoever it runs as and whatever the files' modes say. It binds the calling thread and
// those that it starts later, for good. Files that are open already go on as they were opened.
#pragma once

#include <span>
#include <string>

#include "proxy/base/result.h"

namespace keyswap::sandbox {

// From now on: every file that its modes allow can be read, for a `ca_file` may lie anywhere; files
// can be made, written and removed in the `writable` folders and below alone, and folders and
// sockets made there; in the `removable` ones they can only be removed; nothing can be run.
// No other process can be traced, looked into through /proc, or (Linux 6.12) sent a signal.
//
// unsupported: the kernel has no Landlock, it is switched off, or a container does not let us:
// nothing is restricted then. not_found, io (number = errno): a folder cannot be opened.
// permission (number = errno): the kernel has it, and refuses.
base::Status restrict_files(std::span<const std::string> writable,
                            std::span<const std::string> removable = {});

}  // namespace keyswap::sandbox
