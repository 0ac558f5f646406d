// SPDX-License-Identifier: Apache-2.0
//
// Endpoints that a binding does not serve although its methods and paths match. In an entry of
// `blocked:` a `*` stands for anything, also for '/' and for nothing. A blocking rule matches in
// any reading of the method and of the path, ignoring case, with and without a slash at the end,
// and when there are too many readings to tell. The query is no part of the path. The entries of a
// custom service are written as its callers write paths: the base is taken off, in every reading
// that has it.
#pragma once

#include "bindings/binding.h"
#include "bindings/request_readings.h"

namespace keyswap::bindings {

// The first entry of the scope that blocks this request, or nullptr.
const BlockedEndpoint* find_blocked(const Scope& scope, const RequestReadings& request);

}  // namespace keyswap::bindings
