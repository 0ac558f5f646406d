// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/bindings.h"

#include <array>

namespace keyswap::cli {

namespace {

constexpr std::array kCommands = {
    Command{"check", "validate the file: every error with its place", run_bindings_check},
    Command{"explain",
            "what becomes of a request: which binding, secret, place, and why",
            run_bindings_explain},
    Command{"add", "bind a secret of the vault to a host", run_bindings_add},
    Command{"edit", "change the file in an editor: checked, shown, approved", run_bindings_edit},
    Command{"approve", "let a changed file into force, seeing what it opens", run_bindings_approve},
};

}  // namespace

int run_bindings(const Arguments& arguments) {
  return dispatch({"keyswap bindings",
                   "Checks, explains, changes and approves bindings.yaml.\n",
                   "keyswap bindings check",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
