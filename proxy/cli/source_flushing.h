// SPDX-License-Identifier: Apache-2.0
//
// How a command has the running proxy drop what sources gave. It puts a file into the home that
// names the source; the proxy, which watches its home, drops the values and then takes the file
// away. (A signal would end a proxy that does not know it; proxy/cli/audit_rotation.h goes the same
// way.)
#pragma once

#include <optional>
#include <string>

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// The proxy's side: of which source values are to be dropped, "" of all; nothing: nobody asks. Once
// they are dropped, flushed() says so to whoever waits.
std::optional<std::string> asked_to_flush(const Home& home);
void flushed(const Home& home);

// The command's side: asks, and waits until it is done. `id`: as above. False if no proxy runs on
// the home (any more); a failure (`no`) if it is not done in bounds::kConfirmMs.
Outcome<bool> ask_to_flush(const Home& home, const std::string& id);

}  // namespace keyswap::cli
