// SPDX-License-Identifier: Apache-2.0
//
// What the management API shows and does besides the vault and the log: the same as commands.
#pragma once

#include <string>

#include "proxy/base/clock.h"
#include "proxy/cli/home.h"
#include "proxy/manage/manager.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Fills in policy, limits, sources, flush and explain. `file`: the bindings that are served.
// `vault` and `clock` outlive it.
void add_views(manage::Surroundings& around,
               const Home& home,
               const std::string& file,
               const vault::Vault& vault,
               const base::Clock& clock);

}  // namespace keyswap::cli
