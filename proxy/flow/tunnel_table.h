// SPDX-License-Identifier: Apache-2.0
//
// Which event a tunnel takes in which situation; every pair has its place. What is not taken is
// ignored for a reason that tunnel_table.cc gives, or ends the tunnel (Tunnel::protocol_violation).
#pragma once

#include <cstdint>

#include "proxy/flow/fit.h"
#include "proxy/flow/tunnel.h"

namespace keyswap::flow {

Fit fit_of(TunnelSituation situation, const TunnelEvent& event);

}  // namespace keyswap::flow
