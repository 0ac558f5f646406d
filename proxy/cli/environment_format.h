// SPDX-License-Identifier: Apache-2.0
//
// A plan of variables as text for a shell, a file or a program to read. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

enum class EnvironmentFormat : unsigned char { sh, fish, dotenv, docker, json, github };

std::optional<EnvironmentFormat> parse_environment_format(std::string_view name);

// Sorted by name. sh and fish unset what a client must not see; in json it is null. dotenv, docker
// and github cannot say it: then there is no text but a failure, and likewise for a value that not
// all readers of a .env file would read alike. docker is what `docker run --env-file` reads: values
// as they are, without quotes, and so none with a line break.
Outcome<std::string> format_environment(const EnvironmentPlan& plan, EnvironmentFormat format);

// The line by which a runner of GitHub Actions learns that `token` is to be shown nowhere. For
// stdout or stderr of the step, not for $GITHUB_ENV.
std::string mask_line(std::string_view token);

// One word for a POSIX shell: between single quotes nothing is special but the quote itself.
std::string quote_sh(std::string_view value);
// The same, but as it is where that is one word already.
std::string word_for_shell(std::string_view text);

}  // namespace keyswap::cli
