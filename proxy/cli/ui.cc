// SPDX-License-Identifier: Apache-2.0
//
// keyswap ui: the page of the running proxy, opened by a code that is good once. The code stands
// behind the URL's #, which goes into no request, log or Referer.
#include <string>

#include "proxy/base/bytes.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/listen_address.h"
#include "proxy/cli/login_browser.h"
#include "proxy/cli/secret.h"
#include "proxy/cli/serve_lock.h"
#include "proxy/cli/terminal.h"
#include "proxy/manage/page_files.h"
#include "vault/manage_login.h"

namespace keyswap::cli {

namespace {

struct UiOptions {
  std::string home;
  UnlockOptions unlock;
  bool opens_nothing = false;
};

// The address that a browser can go to.
Outcome<std::string> page_address(const Home& home) {
  const auto running = find_running(home);
  if (!running || running->manage.empty()) {
    return Failure{
        Exit::no,
        running ? "the running proxy has no management listener" : "no proxy runs on this home",
        "keyswap serve --manage 127.0.0.1:8474, or `manage:` in bindings.yaml"};
  }
  // Whoever can write the home can write that file: the code goes to this machine alone (I12).
  auto listened = parse_manage(running->manage);
  if (!listened) {
    return Failure{Exit::cannot,
                   "serve.lock does not say an address of this machine for management",
                   "end the proxy and start it again; somebody else may have written that file"};
  }
  const std::string where = to_string(listened.value());
  if (listened.value().is_unix()) {
    return Failure{Exit::no,
                   "no browser comes to " + where,
                   "keyswap serve --manage 127.0.0.1:8474 has the page"};
  }
  if (manage::page_files().empty()) {
    return Failure{
        Exit::cannot,
        "this keyswap has no page: esbuild was not there when it was built",
        "install it (Debian: esbuild) and build again; the API is at http://" + where + "/api/"};
  }
  return "http://" + where + "/";
}

int open_page(const UiOptions& options) {
  constexpr std::int64_t kUsPerSecond = 1'000'000;
  // Before a passphrase is asked for.
  auto home = checked_home_of(options.home);
  if (!home) {
    return report(home.failure());
  }
  auto address = page_address(home.value());
  if (!address) {
    return report(address.failure());
  }
  auto opened = open_home(options.home, options.unlock);
  if (!opened) {
    return report(opened.failure());
  }
  const bool is_set_up = vault::has_manage_password(opened->vault);
  const auto kind = is_set_up ? vault::ManageCode::page : vault::ManageCode::setup;
  auto code =
      vault::make_manage_code(opened->vault, kind, base::SystemClock().wall_us() / kUsPerSecond);
  if (!code) {
    return report(vault_failure(code.error(), "the code"));
  }
  std::string page = address.value() + (is_set_up ? "#code=" : "#setup=") + *code;
  print_line(page);
  static_cast<void>(flush_output());
  remark(is_set_up ? "It is good once, for a minute: whoever opens it first is logged in."
                   : "It is good once, for an hour, to say the first password.");
  // A browser's arguments are there for any program of this user to read: who sets the first
  // password types the code, which is good for longer than a moment.
  if (!options.opens_nothing && open_in_browser(is_set_up ? page : address.value())) {
    remark("(the desktop was asked to open it)");
  }
  base::wipe(code->data(), code->size());
  base::wipe(page.data(), page.size());
  return static_cast<int>(Exit::done);
}

}  // namespace

int run_ui(const Arguments& arguments) {
  UiOptions options;
  CommandLine app(
      "Prints, and where there is a desktop opens, the page of the running proxy, with a code "
      "that logs in once within a minute; before there is a password, with one to say it.",
      "keyswap ui");
  add_home_option(app, options.home);
  add_unlock_options(app, options.unlock);
  app.add_flag("--no-browser", options.opens_nothing, "only print it, and open nothing");
  if (const auto status = parse_arguments(app, arguments, "keyswap ui --no-browser")) {
    return *status;
  }
  return open_page(options);
}

}  // namespace keyswap::cli
