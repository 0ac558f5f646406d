// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `keyswap audit`, one file each, and which log they read.
#pragma once

#include <string>

#include "proxy/cli/command.h"
#include "proxy/cli/failure.h"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours to name
class App;
}

namespace keyswap::cli {

int run_audit_verify(const Arguments& arguments);
int run_audit_tail(const Arguments& arguments);
int run_audit_show(const Arguments& arguments);

struct LogOptions {
  std::string home;
  std::string folder;
  bool json = false;
};

void add_log_options(CLI::App& app, LogOptions& options);

// The folder: --folder, or what the home's bindings say.
Outcome<std::string> log_folder(const LogOptions& options);

}  // namespace keyswap::cli
