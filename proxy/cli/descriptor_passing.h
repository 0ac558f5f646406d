// SPDX-License-Identifier: Apache-2.0
//
// Open files handed from one process to another (unix(7), SCM_RIGHTS), over a pair of sockets that
// both inherit.
#pragma once

#include <optional>
#include <utility>

#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

// Two ends of one channel, close-on-exec.
Outcome<std::pair<File, File>> make_channel();

// io (number = errno).
base::Status send_two(const File& channel, const File& first, const File& second);
// Waits for them; nothing when the other end is closed.
std::optional<std::pair<File, File>> receive_two(const File& channel);

// A word in return, and waiting for it. False: the other end is gone.
bool say_go_on(const File& channel);
bool wait_to_go_on(const File& channel);

}  // namespace keyswap::cli
