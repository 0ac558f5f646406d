// SPDX-License-Identifier: Apache-2.0
//
// What npm's own settings say of roots: a `cafile` there replaces those that Node trusts, also
// those of NODE_EXTRA_CA_CERTS. It stands in one of many files (the project's, the user's, those of
// the installations, and what variables or a `prefix` name).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

// The files that some `cafile` on this machine names, each once; of settings and of variables.
std::vector<std::string> npm_root_files(const Variables& inherited);

// "key = value" of an npmrc; of the value neither quotes nor a comment behind it. Nothing: it is no
// such line.
std::optional<Setting> read_npm_setting(const TextLine& line);

// The value of `key` in the text of an npmrc, with ${VARIABLES} and a ~ put in; "" when it is not
// there. Of several the last counts. Pure.
std::string npmrc_value(std::string_view text, std::string_view key, const Variables& variables);

}  // namespace keyswap::cli
