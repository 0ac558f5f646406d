// SPDX-License-Identifier: Apache-2.0
//
// keyswap status
#include "proxy/base/clock.h"
#include "proxy/cli/command.h"
#include "proxy/cli/command_line.h"
#include "proxy/cli/home_status.h"
#include "proxy/cli/options.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/unlock.h"

namespace keyswap::cli {

int run_status(const Arguments& arguments) {
  std::string home_option;
  bool json = false;
  CommandLine app(
      "What the home holds and what runs on it: needs no passphrase, and no running proxy. Exit "
      "status\n0 if a proxy runs and is well, else 1. (doctor tests the set-up; audit verify the "
      "log.)",
      "keyswap status");
  add_home_option(app, home_option);
  add_json_option(app, json);
  if (const auto status = parse_arguments(app, arguments, "keyswap status --json")) {
    return *status;
  }
  auto home = checked_home_of(home_option);
  if (!home) {
    return report(home.failure());
  }
  static_cast<void>(begin_guarded());  // if it cannot be, the vault is not looked into
  const HomeStatus status = look_at(home.value());
  const std::int64_t now_s = base::SystemClock().wall_us() / 1'000'000;
  if (json) {
    print_line(status_json(home.value(), status, now_s));
  } else {
    print(status_text(home.value(), status, now_s));
  }
  return static_cast<int>(status.is_well() ? Exit::done : Exit::no);
}

}  // namespace keyswap::cli
