// SPDX-License-Identifier: Apache-2.0
//
// Asks a running proxy for its health, as any client may.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

// "ok"; "ok, policy unapproved"; else why not, in a few words. `address` is what the proxy said
// when it was ready. Waits a few seconds at most.
std::string probe_health(const std::string& address);

// What an answer to GET /healthz says; pure.
std::string health_in(std::string_view answer);

}  // namespace keyswap::cli
