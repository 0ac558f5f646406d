// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap limits show --json` says, and the management API. Amounts of USD are decimal texts,
// which no program rounds. Pure.
#pragma once

#include <string>

#include "proxy/cli/limit_rows.h"

namespace keyswap::cli {

std::string limits_json(const LimitReport& report);

}  // namespace keyswap::cli
