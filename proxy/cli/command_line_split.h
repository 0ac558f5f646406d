// SPDX-License-Identifier: Apache-2.0
//
// Where the options of `keyswap run` end and the command begins: at "--", or at the first word that
// is neither an option of ours nor the value of one. Pure.
#pragma once

#include <utility>

#include "proxy/cli/command.h"

namespace keyswap::cli {

// (our options, the command with its arguments)
std::pair<Arguments, Arguments> split_at_command(const Arguments& arguments);

}  // namespace keyswap::cli
