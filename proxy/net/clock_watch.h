// SPDX-License-Identifier: Apache-2.0
//
// What exchanges have to do with upstreams' clocks (proxy/net/upstream_clocks.h): the Date of an
// answer is looked at, and what there is to tell of it is told; and the time to sign for is asked.
#pragma once

#include <cstdint>

#include "proxy/flow/destination.h"
#include "proxy/http/message.h"
#include "proxy/net/context.h"
#include "proxy/net/policy.h"
#include "proxy/net/upstream.h"

namespace keyswap::net {

// The head of an answer came over `upstream`, whose request's head was sent at `sent_us` (steady
// clock). What its Date says is taken once in bounds::kClockLookMs of each connection: of an answer
// that the upstream made just now (2xx, 4xx, of no age), over TLS. A clock that differs, or agrees
// again, leaves a record that nobody waits for, and a line on stderr.
void look_at_clock(Context& context,
                   const flow::Destination& destination,
                   std::int64_t sent_us,
                   const http::ResponseHead& head,
                   Upstream& upstream);

// UpstreamClocks::shift_us of that destination.
std::int64_t clock_shift_us(const Context& context,
                            const Policy& policy,
                            const flow::Destination& destination);

}  // namespace keyswap::net
