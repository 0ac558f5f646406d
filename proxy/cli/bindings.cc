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
};

}  // namespace

int run_bindings(const Arguments& arguments) {
  return dispatch({"keyswap bindings",
                   "Checks and explains bindings.yaml.\n",
                   "keyswap bindings check",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
