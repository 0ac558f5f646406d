// SPDX-License-Identifier: Apache-2.0
//
// What --help prints: a command's page in lines that fit every terminal (proxy/cli/word_wrap.h).
// Pure.
#pragma once

#include <string>

#include "proxy/cli/command_page.h"

namespace keyswap::cli {

std::string help_text(const CommandPage& page);

// "-o, --output FILE", "NAME"
std::string option_head(const OptionText& option);

}  // namespace keyswap::cli
