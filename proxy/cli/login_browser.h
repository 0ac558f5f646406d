// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace keyswap::cli {

// Lets the desktop open the page, where there is a desktop (xdg-open, of freedesktop.org). False:
// there is none, or it cannot be started. What it starts has nothing of ours (proxy/cli/child.h).
bool open_in_browser(const std::string& url);

}  // namespace keyswap::cli
