// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/caller_choice.h"

#include <algorithm>

#include "proxy/cli/command_line.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"
#include "vault/caller_token.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kTokenFileBytesMax = 4096;
constexpr const char* kHowToGive =
    "put the token into $KEYSWAP_CALLER_TOKEN, or name its file with --caller-token-file";

std::string without_newline(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

void add_caller_options(CommandLine& app, CallerChoice& choice) {
  app.add_option("--caller",
                 choice.name,
                 "come as this caller (its token: $KEYSWAP_CALLER_TOKEN or --caller-token-file)")
      ->type_name("NAME");
  app.add_option("--caller-token-file", choice.token_file, "read the caller's token from this file")
      ->type_name("FILE");
}

Outcome<std::string> read_caller_token(const CallerChoice& choice) {
  if (choice.token_file.empty()) {
    return environment_variable(kCallerTokenVariable);
  }
  auto text = read_file(choice.token_file, kTokenFileBytesMax);
  if (!text) {
    return Failure{
        Exit::cannot,
        "the caller's token in " + choice.token_file + " cannot be read: " + explain(text.error()),
        "check the name, and that this user may read it"};
  }
  return without_newline(std::move(text).value());
}

Problem check_caller_token(const CallerChoice& choice,
                           const std::string& token,
                           const bindings::Bindings& bindings) {
  if (token.empty()) {
    if (!choice.name.empty()) {
      return Failure{Exit::usage, "there is no token for the caller " + choice.name, kHowToGive};
    }
    if (!bindings.callers.empty()) {
      return Failure{Exit::usage,
                     "the bindings list callers, and no caller's token is given",
                     "make one with: keyswap caller add " + bindings.callers.front() +
                         "   then put it into $KEYSWAP_CALLER_TOKEN"};
    }
    return std::nullopt;
  }
  const auto name = vault::caller_of_token(token);
  if (!name) {
    return Failure{Exit::usage, "what is given is no caller's token (it is not shown)", kHowToGive};
  }
  if (!choice.name.empty() && *name != choice.name) {
    return Failure{
        Exit::usage,
        "the token is that of the caller " + std::string(*name) + ", not of " + choice.name,
        "give that caller's own token, or leave --caller out"};
  }
  const bool may_come = bindings.callers.empty() ||
                        std::ranges::find(bindings.callers, *name) != bindings.callers.end();
  if (!may_come) {
    return Failure{Exit::usage,
                   "the bindings do not list the caller " + std::string(*name),
                   "add it to `callers:` of bindings.yaml"};
  }
  return std::nullopt;
}

}  // namespace keyswap::cli
