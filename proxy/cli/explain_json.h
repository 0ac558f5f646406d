// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap bindings explain --json` prints. Amounts are decimal texts, since a number of JSON
// may lose digits. Pure.
#pragma once

#include <string>

#include "proxy/cli/explain_request.h"

namespace keyswap::cli {

std::string explanation_json(const RequestToExplain& request, const Explanation& explanation);

}  // namespace keyswap::cli
