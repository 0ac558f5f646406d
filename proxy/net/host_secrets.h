// SPDX-License-Identifier: Apache-2.0
//
// I8: whoever sends a secret to a host lets the secrets of other rules of that host be looked for
// in its answers, too.
#pragma once

#include <span>

#include "bindings/binding.h"
#include "proxy/flow/decide.h"
#include "proxy/flow/known_secrets.h"
#include "proxy/http/target.h"
#include "proxy/net/secret_lane.h"

namespace keyswap::net {

// Asks for all that the rules bound to `destination` would send there, but for those in `used`,
// which are fetched anyway; once for a reading of the vault and a policy (KnownSecrets::renew).
// Nobody waits for it: what cannot be had is not looked for, and what comes late is from then on.
void learn_host_secrets(SecretLane& lane,
                        flow::KnownSecrets& known,
                        const bindings::Bindings& bindings,
                        const http::Authority& destination,
                        std::span<const flow::PlaceOf> used);

}  // namespace keyswap::net
