// SPDX-License-Identifier: Apache-2.0
//
// Which event a WebSocket takes in which situation; every pair has its place. What is not taken is
// ignored once it is over, and before that ends it (WebSocket::protocol_violation).
#pragma once

#include <cstdint>

#include "proxy/flow/fit.h"
#include "proxy/flow/websocket.h"

namespace keyswap::flow {

Fit fit_of(WebSocketSituation situation, const WebSocketEvent& event);

}  // namespace keyswap::flow
