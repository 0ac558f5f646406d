// SPDX-License-Identifier: Apache-2.0
//
// The scripts by which shells complete commands, options and their values. Made of the same pages
// as --help, so they know no other words. Pure.
#pragma once

#include <string>

#include "proxy/cli/command_page.h"

namespace keyswap::cli {

std::string bash_completion(const CommandPage& program);
std::string zsh_completion(const CommandPage& program);
std::string fish_completion(const CommandPage& program);

}  // namespace keyswap::cli
