// SPDX-License-Identifier: Apache-2.0
//
// What is said of a mistake on the command line. A word in the wrong place may be a secret, and
// what is said ends up in logs; so nothing that was given is quoted but what could hardly be one.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

inline constexpr std::string_view kNotShown = "(not shown here, in case it is a secret)";

// What the parser says of a value that an option does not take, without the value.
std::string without_value(std::string_view said);

}  // namespace keyswap::cli
