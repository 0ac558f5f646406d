// SPDX-License-Identifier: Apache-2.0
//
// The one place where a thread is started: whoever may not have one more gets an error, not an
// exception. Threads of ours get no signals: those are for the main thread's loop, SIGXFSZ must be
// an error of write(2), and none may interrupt a sync.
#pragma once

#include <functional>
#include <thread>

#include "proxy/base/result.h"

namespace keyswap::base {

// unavailable (number = errno) when there may be no further thread or no memory for its stack.
Result<std::thread> start_thread(std::function<void()> run);

// Is that what the error says?
bool is_lack_of_threads(const Error& error);

}  // namespace keyswap::base
