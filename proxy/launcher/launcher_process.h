// SPDX-License-Identifier: Apache-2.0
//
// The launcher's own process: takes a line of its table at a time and has each program run by a
// process of its own (command_child.h). It has no descriptor but its socket, and of the environment
// only what programs get. Private to proxy/launcher.
#pragma once

#include <vector>

#include "proxy/launcher/launcher.h"

namespace keyswap::launcher {

// In a process that was just forked. Ends with the other end of `socket`.
[[noreturn]] void run_launcher(int socket,
                               const std::vector<CommandSpec>& commands,
                               const IsTrusted& is_trusted);

}  // namespace keyswap::launcher
