// SPDX-License-Identifier: Apache-2.0
//
// The two ways to log in, as a person sees them: what is to be opened and typed, and why it did not
// work. The runs behind them are vault/sources/login_device.h and vault/sources/login_code.h.
#pragma once

#include "proxy/cli/failure.h"
#include "proxy/cli/login_rule.h"
#include "proxy/cli/login_target.h"
#include "proxy/cli/run_online.h"

namespace keyswap::cli {

// Where the endpoints of the target's issuer are; nothing is done where they are known.
Problem discover(Online& online,
                 const LoginOptions& options,
                 const LoginRule& rule,
                 LoginTarget& target);

// Returns once the refresh token is in the vault.
Problem log_in(Online& online,
               const LoginOptions& options,
               const LoginRule& rule,
               const LoginTarget& target,
               LoginWay way);

// Why a run brought nothing.
Failure login_failure(const vault::Failed& failed);

}  // namespace keyswap::cli
