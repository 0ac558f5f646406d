// SPDX-License-Identifier: Apache-2.0
//
// A command's manual page, in the man macros. Pure.
#pragma once

#include <string>

#include "proxy/cli/command_page.h"

namespace keyswap::cli {

// Of the program, of a group with all its commands, or of a command.
std::string man_page(const CommandPage& page);

// "keyswap-secret"
std::string man_name(const CommandPage& page);

}  // namespace keyswap::cli
