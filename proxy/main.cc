// SPDX-License-Identifier: Apache-2.0
//
// The table of commands -> exit status; nothing else.
#include <array>
#include <string_view>

#include "proxy/base/descriptors.h"
#include "proxy/cli/command.h"
#include "proxy/cli/terminal.h"

namespace {

using namespace std::string_view_literals;
using keyswap::cli::Command;

constexpr std::array kCommands = {
    Command{"demo"sv, "see it work: everything on loopback in one go"sv, keyswap::cli::run_demo},
    Command{"init"sv, "make a home: vault, CA, audit folder, bindings"sv, keyswap::cli::run_init},
    Command{"secret"sv, "add, list, remove, rotate, import secrets"sv, keyswap::cli::run_secret},
    Command{"provider"sv, "the APIs that keyswap knows the keys of"sv, keyswap::cli::run_provider},
    Command{"caller"sv, "add, list, remove, rotate who may come"sv, keyswap::cli::run_caller},
    Command{"serve"sv, "run the proxy in the foreground"sv, keyswap::cli::run_serve},
    Command{"run"sv, "run a command through the proxy, with placeholders"sv, keyswap::cli::run_run},
    Command{"env"sv, "print the variables that 'run' sets"sv, keyswap::cli::run_env},
    Command{"bindings"sv, "check and explain bindings.yaml"sv, keyswap::cli::run_bindings},
    Command{"audit"sv, "verify, follow and search the audit log"sv, keyswap::cli::run_audit},
    Command{"limits"sv, "what was used of quotas and volumes today"sv, keyswap::cli::run_limits},
    Command{"ca"sv, "show, export, rotate the local CA"sv, keyswap::cli::run_ca},
    Command{"import"sv, "take over what other programs read"sv, keyswap::cli::run_import},
    Command{"doctor"sv, "test the set-up"sv, keyswap::cli::run_doctor},
};

}  // namespace

int main(int argc, char** argv) {
  keyswap::base::hold_standard_descriptors();
  const keyswap::cli::Arguments arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (arguments.size() == 1 && (arguments[0] == "--version" || arguments[0] == "-V")) {
    keyswap::cli::print_line("keyswap " KEYSWAP_VERSION);
    return 0;
  }
  return keyswap::cli::dispatch({"keyswap",
                                 "keyswap: clients hold placeholders; the proxy puts the real "
                                 "credentials in, on the way to the\n"
                                 "hosts they are bound to and nowhere else.\n",
                                 "keyswap demo",
                                 kCommands},
                                arguments);
}
