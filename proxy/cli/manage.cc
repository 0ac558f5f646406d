// SPDX-License-Identifier: Apache-2.0
//
// keyswap manage setup | status | disable: who may log in to the management listener.
#include <array>

#include "proxy/base/bytes.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"
#include "vault/manage_login.h"

namespace keyswap::cli {

namespace {

struct ManageOptions {
  std::string home;
  UnlockOptions unlock;
  bool json = false;
};

std::int64_t now_s() {
  constexpr std::int64_t kUsPerSecond = 1'000'000;
  return base::SystemClock().wall_us() / kUsPerSecond;
}

// Where the running proxy is managed; "" nowhere.
std::string managed_at(const Home& home) {
  const auto running = find_running(home);
  return running ? running->manage : "";
}

int set_up(const ManageOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  if (vault::has_manage_password(opened->vault)) {
    return report(
        {Exit::no, "a password is configured already", "forget it with: keyswap manage disable"});
  }
  auto code = vault::make_manage_code(opened->vault, vault::ManageCode::setup, now_s());
  if (!code) {
    return report(vault_failure(code.error(), "the code"));
  }
  print_line(options.json ? R"({"code":")" + *code + R"("})" : *code);
  base::wipe(code->data(), code->size());
  if (!options.json) {
    const std::string where = managed_at(opened->home);
    remark("It is good once, for an hour, to say the first password.");
    remark(where.empty() ? "No proxy is managed on this home: keyswap serve --manage "
                           "127.0.0.1:8474, or `manage:` in bindings.yaml"
                         : "Managed at " + where);
  }
  return static_cast<int>(Exit::done);
}

int show(const ManageOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  const bool is_initialized = vault::has_manage_password(opened->vault);
  const std::string where = managed_at(opened->home);
  if (options.json) {
    const std::string listen = where.empty() ? "null" : "\"" + where + "\"";
    print_line(std::string(R"({"initialized":)") + (is_initialized ? "true" : "false") +
               R"(,"listen":)" + listen + "}");
  } else {
    print_line(is_initialized ? "a password is configured"
                              : "no password is configured: keyswap manage setup");
    print_line(where.empty() ? "no proxy is managed on this home" : "managed at " + where);
  }
  return static_cast<int>(is_initialized ? Exit::done : Exit::no);
}

int disable(const ManageOptions& options) {
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  const auto dropped = vault::drop_manage_password(opened->vault);
  if (!dropped && dropped.error().code == base::Errc::not_found) {
    return report({Exit::no, "no password is configured", "see: keyswap manage status"});
  }
  if (!dropped) {
    return report(vault_failure(dropped.error(), "the password"));
  }
  remark("Nobody can log in any more, and who was logged in is not.");
  return static_cast<int>(Exit::done);
}

int parse_and(const char* about,
              const char* name,
              const Arguments& arguments,
              int (*act)(const ManageOptions&)) {
  ManageOptions options;
  CommandLine app(about, name);
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  add_json_option(app, options.json);
  if (const auto status = parse_arguments(app, arguments, name)) {
    return *status;
  }
  return act(options);
}

int run_set_up(const Arguments& arguments) {
  return parse_and(
      "Prints a code, good once and for an hour, with which the first password is said.",
      "keyswap manage setup",
      arguments,
      set_up);
}

int run_status(const Arguments& arguments) {
  return parse_and("Says whether somebody can log in, and where. Exit status 1: nobody can.",
                   "keyswap manage status",
                   arguments,
                   show);
}

int run_disable(const Arguments& arguments) {
  return parse_and("Forgets the password: nobody can log in until the next setup.",
                   "keyswap manage disable",
                   arguments,
                   disable);
}

constexpr std::array kManageCommands = {
    Command{"setup", "print a code to say the first password with", run_set_up},
    Command{"status", "whether somebody can log in, and where", run_status},
    Command{"disable", "forget the password", run_disable},
};

}  // namespace

int run_manage(const Arguments& arguments) {
  return dispatch({"keyswap manage",
                   "Who may log in to the management listener.\n",
                   "keyswap manage setup",
                   kManageCommands},
                  arguments);
}

}  // namespace keyswap::cli
