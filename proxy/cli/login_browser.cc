// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_browser.h"

#include <fcntl.h>

#include "proxy/cli/child.h"
#include "proxy/cli/files.h"
#include "proxy/cli/options.h"

namespace keyswap::cli {

bool open_in_browser(const std::string& url) {
  constexpr int kOpenMs = 2'000;  // it hands the page on, and ends
  if (environment_variable("DISPLAY").empty() && environment_variable("WAYLAND_DISPLAY").empty()) {
    return false;
  }
  const std::string program = find_program("xdg-open", environment_variable("PATH"));
  const File nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (program.empty() || !nowhere.is_open()) {
    return false;
  }
  const Variables environment = inherited_environment();
  Launch launched;
  launched.words = {program, url};
  launched.environment = &environment;
  launched.group = ProcessGroup::own;  // Ctrl-C here ends the log-in, and not the browser
  launched.output = nowhere.descriptor();
  const auto child = launch(launched);
  if (!child) {
    return false;
  }
  const auto status = wait_for_end(*child, kOpenMs);
  return !status || *status == 0;
}

}  // namespace keyswap::cli
