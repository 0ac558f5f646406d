// SPDX-License-Identifier: Apache-2.0
//
// The table of commands -> exit status; nothing else.
#include <array>
#include <string_view>

#include "proxy/base/descriptors.h"
#include "proxy/cli/command.h"

namespace {

using namespace std::string_view_literals;
using keyswap::cli::Arguments;
using keyswap::cli::Command;

// These tell of the table that they stand in.
int run_help(const Arguments& arguments);
int run_completion(const Arguments& arguments);
int run_man(const Arguments& arguments);
int run_pages(const Arguments& arguments);

constexpr std::array kCommands = {
    Command{"demo"sv, "see it work: everything on loopback in one go"sv, keyswap::cli::run_demo},
    Command{"init"sv, "make a home: vault, CA, audit folder, bindings"sv, keyswap::cli::run_init},
    Command{"secret"sv, "add, list, remove, rotate, import secrets"sv, keyswap::cli::run_secret},
    Command{"login"sv, "log in once; the proxy gets the tokens"sv, keyswap::cli::run_login},
    Command{"source"sv, "list, test, flush where secrets come from"sv, keyswap::cli::run_source},
    Command{"provider"sv, "the APIs that keyswap knows the keys of"sv, keyswap::cli::run_provider},
    Command{"caller"sv, "add, list, remove, rotate who may come"sv, keyswap::cli::run_caller},
    Command{"serve"sv, "run the proxy, in front or in the background"sv, keyswap::cli::run_serve},
    Command{"run"sv, "run a command through the proxy, with placeholders"sv, keyswap::cli::run_run},
    Command{"env"sv, "print the variables that 'run' sets"sv, keyswap::cli::run_env},
    Command{"bindings"sv, "check, explain and change bindings.yaml"sv, keyswap::cli::run_bindings},
    Command{"audit"sv, "verify, follow, search, export the audit log"sv, keyswap::cli::run_audit},
    Command{"limits"sv, "what was used of quotas and volumes today"sv, keyswap::cli::run_limits},
    Command{"manage"sv, "who may log in to the management listener"sv, keyswap::cli::run_manage},
    Command{"approve"sv, "decide on requests that wait for you"sv, keyswap::cli::run_approve},
    Command{"ui"sv, "open the page of the running proxy"sv, keyswap::cli::run_ui},
    Command{"ca"sv, "show, export, rotate the local CA"sv, keyswap::cli::run_ca},
    Command{"import"sv, "take over what other programs read"sv, keyswap::cli::run_import},
    Command{"status"sv, "what is there, and what runs"sv, keyswap::cli::run_status},
    Command{"reload"sv, "let the running proxy read its files"sv, keyswap::cli::run_reload},
    Command{"passwd"sv, "change how the vault is opened"sv, keyswap::cli::run_passwd},
    Command{"backup"sv, "the home in one sealed file"sv, keyswap::cli::run_backup},
    Command{"restore"sv, "the home of a backup"sv, keyswap::cli::run_restore},
    Command{"doctor"sv, "test the set-up"sv, keyswap::cli::run_doctor},
    Command{"help"sv, "a command, or a topic: bindings, unlocking, ..."sv, run_help},
    Command{"version"sv, "which version this is"sv, keyswap::cli::run_version},
    Command{"completion"sv, "what bash, zsh or fish completes by"sv, run_completion},
    Command{"man"sv, "the manual page of a command"sv, run_man},
    Command{"pages"sv, "write manual pages and completions into a folder"sv, run_pages},
};

constexpr keyswap::cli::CommandGroup kProgram = {
    "keyswap",
    "keyswap: clients hold placeholders; the proxy puts the real credentials in, on the way to the "
    "hosts they are bound to and nowhere else.\n",
    "keyswap demo",
    kCommands};

int run_help(const Arguments& arguments) {
  return keyswap::cli::run_help(kProgram, arguments);
}

int run_completion(const Arguments& arguments) {
  return keyswap::cli::run_completion(kProgram, arguments);
}

int run_man(const Arguments& arguments) {
  return keyswap::cli::run_man(kProgram, arguments);
}

int run_pages(const Arguments& arguments) {
  return keyswap::cli::run_pages(kProgram, arguments);
}

}  // namespace

int main(int argc, char** argv) {
  keyswap::base::hold_standard_descriptors();
  Arguments arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (arguments.size() == 1 && (arguments[0] == "--version" || arguments[0] == "-V")) {
    arguments.front() = "version";
  }
  return keyswap::cli::dispatch(kProgram, arguments);
}
