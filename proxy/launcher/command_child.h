// SPDX-License-Identifier: Apache-2.0
//
// One program, from its start to its end, watched by a process that does nothing else: a process
// group of its own, nothing to read, its time, and so much that it may print. What is left of the
// group when it ends is ended with it. Private to proxy/launcher.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/launcher/launcher.h"

namespace keyswap::launcher {

struct PreparedCommand {
  CommandSpec command;
  std::vector<std::string> environment;  // "NAME=value", all of it
};

// Sends its answer on `socket`, and ends this process. If the other end is closed before, the
// program is killed.
[[noreturn]] void run_command(int socket,
                              std::uint64_t id,
                              const PreparedCommand& command,
                              const IsTrusted& is_trusted);

void answer_not_started(int socket, std::uint64_t id);

}  // namespace keyswap::launcher
