// SPDX-License-Identifier: Apache-2.0
//
// Where a policy leads: for connections that outlive the policy under which they were dialled.
// Requests need none of this, because their connections go with their policy
// (proxy/net/connector.h). A WebSocket does: each message on it is judged by the policy of its
// moment, and its secrets go where the WebSocket leads.
#pragma once

#include "proxy/http/target.h"
#include "proxy/net/policy.h"

namespace keyswap::net {

// Would `now` reach `destination` as `then` did: at the same place, over the same proxy, with the
// same addresses allowed, trusting the same roots (what the files hold, not how they are called)?
bool leads_alike(const Policy& then, const Policy& now, const http::Authority& destination);

}  // namespace keyswap::net
