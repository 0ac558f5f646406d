// SPDX-License-Identifier: Apache-2.0
//
// keyswap env
#include "proxy/base/line_output.h"
#include "proxy/cli/caller_choice.h"
#include "proxy/cli/child.h"
#include "proxy/cli/client_files.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/env_folder.h"
#include "proxy/cli/environment_format.h"
#include "proxy/cli/environment_undo.h"
#include "proxy/cli/listen_address.h"
#include "proxy/cli/node_version.h"
#include "proxy/cli/options.h"
#include "proxy/cli/policy.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr const char* kExample =
    "eval \"$(keyswap env)\"\n"
    "  eval \"$(keyswap env --off)\"\n"
    "  keyswap env --format fish | source\n"
    "  keyswap env --format github >> \"$GITHUB_ENV\"\n"
    "  keyswap env --for-container --dir /srv/keyswap/agent";
constexpr int kStartingMs = 15'000;

// Standard output goes into $GITHUB_ENV; a runner takes its commands from standard error as well.
// Elsewhere the line would show the token that it is to hide.
void mask(const std::string& token) {
  if (environment_variable("GITHUB_ACTIONS") == "true") {
    base::standard_error().write(mask_line(token));
  } else {
    warn("the caller's token is not masked: this is no runner of GitHub Actions",
         "keep what is printed here out of logs");
  }
}

int print_undo(EnvironmentFormat format) {
  if (!can_undo(format)) {
    return report({Exit::usage,
                   "what this format set cannot be undone by it",
                   "only a shell can: keyswap env --off   (or --off --format fish)"});
  }
  const auto names = changed_names(inherited_environment());
  if (names.empty()) {
    return report({Exit::no,
                   "nothing of keyswap env is set in this shell",
                   "if its variables came from elsewhere, end that shell"});
  }
  print(undo_text(names, format));
  return static_cast<int>(Exit::done);
}

// What is worth knowing before the variables are set.
void tell(const EnvironmentPlan& plan, const Variables& inherited, Preload preload) {
  for (const std::string& warning : plan.warnings) {
    warn(warning);
  }
  const std::string node = preload == Preload::no ? node_that_bypasses(inherited) : "";
  if (!node.empty()) {
    warn("nothing is loaded into Node " + node + ": its programs go past the proxy",
         "use Node 22.21 or 24.5 (or later), or: keyswap run -- COMMAND");
  }
  const auto path = inherited.find("PATH");
  if (!plan.java_advice.empty() && path != inherited.end() &&
      !find_program("java", path->second).empty()) {
    warn(plan.java_advice);
  }
}

int print_environment(const std::string& home_option,
                      const CallerChoice& caller,
                      EnvironmentFormat format,
                      Preload preload) {
  auto home = checked_home_of(home_option);
  if (!home) {
    return report(home.failure());
  }
  const auto running = find_ready(home.value(), kStartingMs);
  if (!running) {
    return report({Exit::cannot,
                   "no proxy runs on this home: " + home->path,
                   "start one with: keyswap serve   (or use: keyswap run -- COMMAND)"});
  }
  if (auto problem = check_client_address(running->address)) {
    return report(*problem);
  }
  auto bindings = load_bindings(running->bindings.empty() ? home->bindings() : running->bindings);
  if (!bindings) {
    return report(bindings.failure());
  }
  auto token = read_caller_token(caller);
  if (!token) {
    return report(token.failure());
  }
  if (auto problem = check_caller_token(caller, token.value(), *bindings.value())) {
    return report(*problem);
  }
  const Variables inherited = inherited_environment();
  auto plan = prepare_environment(
      home.value(), inherited, {running->address, token.value()}, *bindings.value(), preload);
  if (!plan) {
    return report(plan.failure());
  }
  tell(plan.value(), inherited, preload);
  const std::string before = can_undo(format) ? remember_text(inherited, plan.value(), format) : "";
  auto text = format_environment(plan.value(), format);
  if (!text) {
    return report(text.failure());
  }
  if (format == EnvironmentFormat::github && !token->empty()) {
    mask(token.value());
  }
  print(before + text.value());
  return static_cast<int>(Exit::done);
}

int write_for_others(const std::string& home_option,
                     const FolderOptions& folder,
                     const CallerChoice& caller,
                     bool json) {
  auto home = checked_home_of(home_option);
  return home ? write_folder(home.value(), folder, caller, json) : report(home.failure());
}

}  // namespace

int run_env(const Arguments& arguments) {
  std::string home;
  CallerChoice caller;
  FolderOptions folder;
  std::string format = "sh";
  bool json = false;
  bool is_off = false;
  bool has_no_preload = false;
  CommandLine app(
      "Prints the variables that make clients use the running proxy, trust its CA and hold "
      "placeholders.",
      "keyswap env");
  add_home_option(app, home);
  app.add_option("--format", format, "sh, fish, dotenv, docker, json or github")
      ->type_name("FORMAT")
      ->one_of({"sh", "fish", "dotenv", "docker", "json", "github"})
      ->capture_default_str();
  app.add_flag("--json", json, "the same as --format json");
  app.add_flag("--off", is_off, "prints what puts the shell's own variables back");
  app.add_flag("--no-preload", has_no_preload, "loads nothing into Node programs");
  add_caller_options(app, caller);
  add_folder_options(app, folder);
  if (const auto status = parse_arguments(app, arguments, kExample)) {
    return *status;
  }
  if (auto problem = check_folder_options(folder)) {
    return report(*problem);
  }
  if (folder.is_asked_for() && (is_off || app.was_given("--format"))) {
    return report({Exit::usage,
                   "--format and --off are for this shell, and not for a folder",
                   "leave them out: a folder has files for docker and for shells"});
  }
  if (folder.is_asked_for()) {
    folder.has_no_preload = has_no_preload;
    return write_for_others(home, folder, caller, json);
  }
  const EnvironmentFormat chosen =
      json ? EnvironmentFormat::json
           : parse_environment_format(format).value_or(EnvironmentFormat::sh);
  // A runner of GitHub Actions takes no NODE_OPTIONS from that file.
  const Preload preload =
      has_no_preload || chosen == EnvironmentFormat::github ? Preload::no : Preload::yes;
  return is_off ? print_undo(chosen) : print_environment(home, caller, chosen, preload);
}

}  // namespace keyswap::cli
