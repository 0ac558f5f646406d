// SPDX-License-Identifier: Apache-2.0
//
// How a command has the running proxy close the segment of the audit log that is being written. It
// puts an empty file into the home, as a signal would end a proxy that does not know it; the proxy,
// which watches its home, takes that away. That it is done shows in the audit folder: a segment is
// there only once the one before it is whole, durable and signed to its end (audit/writer.h).
#pragma once

#include <cstdint>
#include <string>

#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

// The proxy's side: did somebody ask since the last call?
bool take_rotation_request(const Home& home);

// The command's side: asks, and waits until the folder has a segment behind `newest`. False if no
// proxy runs on the home (any more); a failure (`no`) if it is not done in bounds::kConfirmMs.
Outcome<bool> ask_for_rotation(const Home& home, const std::string& folder, std::uint32_t newest);

}  // namespace keyswap::cli
