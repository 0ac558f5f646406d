// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap source list --json` says, and the management API. Pure.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/source_inventory.h"

namespace keyswap::cli {

// `file`: the bindings that say so.
std::string sources_json(const std::string& file, const std::vector<NamedSource>& sources);

}  // namespace keyswap::cli
