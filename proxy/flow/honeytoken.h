// SPDX-License-Identifier: Apache-2.0
//
// Honeytokens: placeholders that nobody has a use for. Whoever sends one has found it where it was
// laid out. They are looked for in every head that is judged, also of a request that is refused;
// they change nothing of what becomes of it. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/flow/decide.h"

namespace keyswap::flow {

// The rules of the honeytokens that stand in the head, each once, ascending. Costs nothing where
// the bindings have none.
std::vector<std::uint32_t> honeytokens_in(const Request& request);

}  // namespace keyswap::flow
