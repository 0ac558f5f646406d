// SPDX-License-Identifier: Apache-2.0
//
// The answer to a client for whom there is no room: 503 too_busy, before it has said anything.
// Nothing of it is kept, so that a flood of clients costs neither descriptors nor memory.
#pragma once

#include <string_view>

namespace keyswap::net {

// Answers on an accepted socket and closes it, without waiting.
void turn_away(int socket, std::string_view request_id);

}  // namespace keyswap::net
