// SPDX-License-Identifier: Apache-2.0
//
// What npm's own settings say of roots: a `cafile` there replaces those that Node trusts, also
// those of NODE_EXTRA_CA_CERTS. It stands in one of many files (the project's, the user's, those of
// the installations, and what variables or a `prefix` name).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/client_environment.h"

namespace keyswap::cli {

// The files that some `cafile` on this machine names, each once; of settings and of variables.
std::vector<std::string> npm_root_files(const Variables& inherited);

// The value of `key` in the text of an npmrc, with ${VARIABLES} and a ~ put in; "" when it is not
// there. Of several the last counts. Pure.
std::string npmrc_value(std::string_view text, std::string_view key, const Variables& variables);

}  // namespace keyswap::cli
