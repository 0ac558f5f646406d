// SPDX-License-Identifier: Apache-2.0
//
// A netrc (curl(1), ftp(1)) without what concerns bound hosts: Python's requests prefers an entry
// of it to the header that it was given, and a real credential would go out in the placeholder's
// place. What is there for other hosts stays, byte by byte, and so do entries whose password is a
// placeholder, as `import netrc` leaves them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/bound_host.h"

namespace keyswap::cli {

struct FilteredNetrc {
  std::string text;                   // what stays
  std::vector<std::string> left_out;  // the machines that do not, "default" among them
};

// Nothing when it is not understood: then nobody knows whom it concerns.
std::optional<FilteredNetrc> filter_netrc(std::string_view netrc,
                                          const std::vector<BoundHost>& bound,
                                          const std::vector<std::string>& placeholders = {});

}  // namespace keyswap::cli
