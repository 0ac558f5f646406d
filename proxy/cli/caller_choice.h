// SPDX-License-Identifier: Apache-2.0
//
// As which caller the command of `run` and `env` comes: its token is given to them, never made up.
#pragma once

#include <string>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"

namespace keyswap::cli {

class CommandLine;

inline constexpr const char* kCallerTokenVariable = "KEYSWAP_CALLER_TOKEN";

struct CallerChoice {
  std::string name;        // --caller; "" = whoever the token says
  std::string token_file;  // --caller-token-file; "" = $KEYSWAP_CALLER_TOKEN
};

void add_caller_options(CommandLine& app, CallerChoice& choice);

// The token that was given, in the file or in the variable; "" if there is none. A failure when the
// file cannot be read.
Outcome<std::string> read_caller_token(const CallerChoice& choice);

// Nothing if these bindings let a command with that token come ("" = none); else what is wrong.
Problem check_caller_token(const CallerChoice& choice,
                           const std::string& token,
                           const bindings::Bindings& bindings);

}  // namespace keyswap::cli
