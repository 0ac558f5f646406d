// SPDX-License-Identifier: Apache-2.0
//
// Bindings -> what proxy/limits counts by: the limits of each scope and the names of its counters.
// Scopes of one entry of `bindings:` share them. Pure.
//
// The names hold for the home's life, so that they stand in limits.db: what is in one decides what
// makes a counter begin at 0. Rates and quotas go by the entry (secret, first host, methods, paths,
// callers, route, and the place whose own it is), never by the limit itself. The day's volume goes
// by the API key (its vault entry) and the venue's accounts that the entry's hosts act on, so that
// requests and messages, in one entry or in several, are counted together, and no edit gives a
// spent day out again.
#pragma once

#include <string>
#include <vector>

#include "bindings/binding.h"
#include "proxy/limits/limiter.h"

namespace keyswap::net {

// For limits::Limiter::table_for: of each rule, in their order.
std::vector<limits::RuleLimits> limits_of(const bindings::Bindings& bindings);

// Of one rule.
limits::RuleLimits limits_of(const bindings::SecretRule& rule);

}  // namespace keyswap::net
