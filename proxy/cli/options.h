// SPDX-License-Identifier: Apache-2.0
//
// Parsing a command's arguments: the options that many commands share, --help with an example, and
// the two-line form for every mistake. A stray word is never quoted back: it may be a secret in the
// wrong place, and then it already stands in the shell's history.
#pragma once

#include <optional>
#include <string>

#include "proxy/cli/command.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

class CommandLine;

// What every command takes; proxy/cli/options.cc adds them, and a group of commands names them.
struct CommonOption {
  const char* letter;
  const char* name;
  const char* text;
};

inline constexpr CommonOption kHelpOption = {"-h", "--help", "print this text"};
inline constexpr CommonOption kQuietOption = {"-q", "--quiet", "no warnings and remarks"};
inline constexpr CommonOption kVerboseOption = {
    "-v", "--verbose", "say more: which files are used, and what opened the vault"};

// How the vault is opened. What is not given here is looked for in the order of docs/operations.md,
// "Set up".
struct UnlockOptions {
  std::string password_file;
  int password_fd = -1;
  bool uses_keyring = false;
  bool ignores_key_file = false;  // no option: a command wants the passphrase itself
};

// Who approves what commands change of the policy, where that has a passphrase of its own.
struct ApprovalOptions {
  std::string password_file;
};

void add_home_option(CommandLine& app, std::string& home);
void add_unlock_options(CommandLine& app, UnlockOptions& unlock);
void add_approval_option(CommandLine& app, ApprovalOptions& approval);
void add_json_option(CommandLine& app, bool& json);
// For Option::check(): "" if `text` is the number of an open file descriptor, else what it is
// not. From here on no child inherits it.
std::string check_descriptor(const std::string& text);

// Nothing when the arguments are good; else help or the mistake was printed, or the command was
// described (Arguments::page), and this is the status. Comes before anything else that a command
// does.
// `stray_word_hint`: what to do about a word too many, where --help is not answer enough.
std::optional<int> parse_arguments(CommandLine& app,
                                   const Arguments& arguments,
                                   const char* example,
                                   const char* stray_word_hint = nullptr);

// The value of an environment variable, "" when it is not set.
std::string environment_variable(const char* name);

// The home that the option, or the environment, chooses; and that home if it may be trusted.
Home home_of(const std::string& option);
Outcome<Home> checked_home_of(const std::string& option);

}  // namespace keyswap::cli
