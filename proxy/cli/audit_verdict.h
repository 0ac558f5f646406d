// SPDX-License-Identifier: Apache-2.0
//
// What the judge found of a log, as JSON: of `keyswap audit verify --json`, and of the management
// API. Pure.
#pragma once

#include <string>
#include <string_view>

#include "audit/verify.h"

namespace keyswap::cli {

// `held_against`: where the head came from that it was held against; "": there was none.
std::string verdict_json(const audit::Verdict& verdict, std::string_view held_against);

}  // namespace keyswap::cli
