// SPDX-License-Identifier: Apache-2.0
//
// Settings files in which pip and curl may name a proxy of their own, which wins over HTTPS_PROXY.
// pip's gives way to a variable, curl's to nothing. (npm's and cargo's give way to variables that
// are always set, wget's is left out of its overlay.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/client_environment.h"

namespace keyswap::cli {

// Does one of pip's files name a proxy? Then NO_PROXY meant nothing to pip before, either.
bool pip_names_proxy(const Variables& inherited);

// The files of curl's that do, or that say whom it calls without one.
std::vector<std::string> curl_files_with_proxy(const Variables& inherited);

// Is there such an option in the text of a .curlrc? Pure.
bool curlrc_names_proxy(std::string_view text);

}  // namespace keyswap::cli
