// SPDX-License-Identifier: Apache-2.0
//
// Secrets that are looked for because of the rules of a host, whether they are used or not. I8:
// whoever sends a secret to a host lets those of its other rules be looked for in its answers, too.
// And whoever goes there lets all of them be looked for in what clients send.
#pragma once

#include <span>

#include "bindings/binding.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/flow/real_values.h"
#include "proxy/http/target.h"
#include "proxy/net/secret_lane.h"

namespace keyswap::net {

// Asks for all that the rules bound to `destination` would send there, but for those in `used`,
// which are fetched anyway; once for a reading of the vault and a policy (KnownSecrets::renew).
// Nobody waits for it: what comes late is looked for from then on, and what cannot be had is not,
// until it is asked for again.
void learn_host_secrets(SecretLane& lane,
                        flow::KnownSecrets& known,
                        const bindings::Bindings& bindings,
                        const http::Authority& destination,
                        std::span<const flow::PlaceOf> used);

// Asks for all that the rules bound to `destination` need, once for a reading of the vault and a
// policy (RealValues::renew), and again for what could not be had. What is there at once is known
// with the request that asks; nobody waits for the rest.
void learn_real_values(SecretLane& lane,
                       flow::RealValues& real,
                       const bindings::Bindings& bindings,
                       const http::Authority& destination);

}  // namespace keyswap::net
