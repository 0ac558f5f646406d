// SPDX-License-Identifier: Apache-2.0
//
// The two sides of what passes both ways, a WebSocket (proxy/flow/websocket.h) or a tunnel
// (proxy/flow/tunnel.h), and what may happen to both kinds.
#pragma once

#include <cstdint>

namespace keyswap::flow {

enum class Side : std::uint8_t { client, upstream };

// The proxy stops.
struct GoingAway {};

}  // namespace keyswap::flow
