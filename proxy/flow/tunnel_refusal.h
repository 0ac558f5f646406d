// SPDX-License-Identifier: Apache-2.0
//
// Where a client is told that its CONNECT is refused. Most libraries show nothing of an answer to
// CONNECT but "tunnel failed", so it is said inside of the tunnel, where the answer to a request
// stands: CONNECT is answered with 200, TLS comes about with a leaf for the host that was named,
// and the first request gets the refusal. Nothing is dialled, and the record is made before. Pure.
#pragma once

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/real_sighting.h"

namespace keyswap::flow {

// Is a CONNECT to that destination refused inside of the tunnel? Not one that
// - asks for a token (407): a client sends one in answer to that status of a CONNECT alone;
// - is malformed, or names no host but an address: no usual certificate would be for it;
// - came while there is no room, no certificate, or no time left for a handshake;
// - holds a real value (I1), which would come into a certificate if it stands in the host's name.
bool is_refused_in_tunnel(audit::Reason reason,
                          const Destination& destination,
                          const RealSightings& real_values,
                          const bindings::Bindings& bindings);

}  // namespace keyswap::flow
