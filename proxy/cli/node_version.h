// SPDX-License-Identifier: Apache-2.0
//
// Which Node is on this machine, and does it read the proxy variables by itself?
#pragma once

#include <string>

#include "proxy/cli/client_environment.h"

namespace keyswap::cli {

// What `node --version` prints ("v20.20.2"), of the node on PATH; "" when there is none. It gets
// PATH and HOME alone.
std::string node_version(const Variables& environment);

// The same of one that goes past the proxy where nothing is loaded into it; "" of any other.
std::string node_that_bypasses(const Variables& environment);

// Does this version take its proxy from NODE_USE_ENV_PROXY? Pure.
bool node_reads_proxy_variables(const std::string& version);

}  // namespace keyswap::cli
