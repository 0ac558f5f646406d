// SPDX-License-Identifier: Apache-2.0
//
// Variables that hold the words of a command line (NODE_OPTIONS, JAVA_TOOL_OPTIONS). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

// Between blanks; quotes are not looked at.
std::vector<std::string> split_words(std::string_view text);
std::string join_words(const std::vector<std::string>& words);

}  // namespace keyswap::cli
