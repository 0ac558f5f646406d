// SPDX-License-Identifier: Apache-2.0
//
// A CONNECT that was let in: what is remembered of it until the tunnel stands, and how it is
// refused if it never does.
#pragma once

#include "audit/record.h"
#include "proxy/base/cause.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/real_sighting.h"
#include "proxy/http/message.h"
#include "proxy/net/client.h"
#include "proxy/net/policy.h"

namespace keyswap::net {

class Connection;

struct TunnelRequest {
  flow::Destination destination;
  http::Version version = http::Version::http_1_1;
  Caller caller;
  Policy policy;
  flow::RealSightings real_values = {};  // that the head of the CONNECT has
};

// It is answered with a refusal, after its record, like any other request on the listener.
void refuse_tunnel(Connection& connection,
                   const TunnelRequest& request,
                   audit::Reason reason,
                   base::Failure failure);

}  // namespace keyswap::net
