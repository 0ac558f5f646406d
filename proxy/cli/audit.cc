// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/audit.h"

#include <array>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "proxy/cli/audit_place.h"
#include "proxy/cli/options.h"

namespace keyswap::cli {

namespace {

constexpr std::array kCommands = {
    Command{"verify", "check the chain; names the first bad record", run_audit_verify},
    Command{"tail", "the newest records, and those to come", run_audit_tail},
    Command{"show", "records by secret, host, decision, time", run_audit_show},
};

}  // namespace

void add_log_options(CLI::App& app, LogOptions& options) {
  add_home_option(app, options.home);
  app.add_option("--folder", options.folder, "the audit folder (default: the home's)")
      ->type_name("DIR");
  add_json_option(app, options.json);
}

Outcome<std::string> log_folder(const LogOptions& options) {
  if (!options.folder.empty()) {
    return options.folder;
  }
  auto home = checked_home_of(options.home);
  if (!home) {
    return home.failure();
  }
  return audit_folder(home.value());
}

int run_audit(const Arguments& arguments) {
  return dispatch({"keyswap audit",
                   "Verifies, follows and searches the audit log.\n",
                   "keyswap audit verify",
                   kCommands},
                  arguments);
}

}  // namespace keyswap::cli
