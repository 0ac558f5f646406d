// SPDX-License-Identifier: Apache-2.0
//
// Endpoints that a binding does not serve although its methods and paths match (F33). In an entry
// of `blocked:` a `*` stands for anything, also for '/' and for nothing; a blocking rule matches in
// any reading of the path (contract 4), ignoring case, and when there are too many readings to
// tell. The query is no part of the path.
#pragma once

#include <string_view>
#include <vector>

#include "bindings/binding.h"

namespace keyswap::bindings {

// The first entry that blocks this request, or nullptr. `target`: in origin form, with its query.
// Time: the entries' length plus, for each entry, the path's length (times its readings).
const BlockedEndpoint* find_blocked(const std::vector<BlockedEndpoint>& blocked,
                                    std::string_view method,
                                    std::string_view target);

}  // namespace keyswap::bindings
