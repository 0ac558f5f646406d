// SPDX-License-Identifier: Apache-2.0
//
// What the management API shows and does besides the vault and the log: the same as commands.
#pragma once

#include "proxy/base/clock.h"
#include "proxy/cli/home.h"
#include "proxy/manage/manager.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Fills in limits, sources, flush and explain. `vault` and `clock` outlive it.
void add_views(manage::Surroundings& around,
               const Home& home,
               const vault::Vault& vault,
               const base::Clock& clock);

}  // namespace keyswap::cli
