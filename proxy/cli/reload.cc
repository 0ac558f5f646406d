// SPDX-License-Identifier: Apache-2.0
//
// keyswap reload: what SIGHUP does, with an answer. The file is read here first, so that whoever
// asks sees what is wrong with it on their own terminal.
#include <nlohmann/json.hpp>

#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/reloading.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr int kStartingMs = 15'000;

struct ReloadOptions {
  std::string home;
  bool json = false;
};

Failure nothing_runs(const Home& home) {
  return {Exit::no, "no proxy runs on " + home.path, "start one with: keyswap serve"};
}

Outcome<RunningProxy> reload_home(const Home& home) {
  const auto running = find_ready(home, kStartingMs);
  if (!running) {
    return nothing_runs(home);
  }
  if (auto policy = load_policy(running->bindings, own_ca_of(home)); !policy) {
    return Failure{
        Exit::no, policy.failure().what, "the running proxy was not told, and goes on as before"};
  }
  auto reloaded = reload_and_wait(home);
  if (!reloaded) {
    return reloaded.failure();
  }
  if (!reloaded.value()) {
    return nothing_runs(home);
  }
  return *std::move(reloaded).value();
}

int reload(const ReloadOptions& options) {
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  auto reloaded = reload_home(home.value());
  if (!reloaded) {
    return report(reloaded.failure());
  }
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"reloaded", true}, {"pid", reloaded->pid}, {"bindings", reloaded->bindings}};
    print_line(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_long_line("the running proxy (pid " + std::to_string(reloaded->pid) + ") goes by " +
                    printable(reloaded->bindings) + " as it is now");
  }
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_reload(const Arguments& arguments) {
  ReloadOptions options;
  CommandLine app(
      "Lets the running proxy read its bindings, its roots and the CA again, and waits until it "
      "goes\nby them. Exit status 1 if it refuses, or if none runs; what was in force stays so.",
      "keyswap reload");
  add_home_option(app, options.home);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, "keyswap reload")) {
    return *status;
  }
  return reload(options);
}

}  // namespace keyswap::cli
