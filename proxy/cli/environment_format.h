// SPDX-License-Identifier: Apache-2.0
//
// A plan of variables as text for a shell, a file or a program to read. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/cli/client_environment.h"

namespace keyswap::cli {

enum class EnvironmentFormat : unsigned char { sh, fish, dotenv, json, github };

std::optional<EnvironmentFormat> parse_environment_format(std::string_view name);

// Sorted by name. sh and fish also unset what a client must not see; the other forms cannot.
std::string format_environment(const EnvironmentPlan& plan, EnvironmentFormat format);

}  // namespace keyswap::cli
