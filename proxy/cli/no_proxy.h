// SPDX-License-Identifier: Apache-2.0
//
// The user's NO_PROXY: which hosts his clients call without the proxy. It stays in force, less what
// would lead a bound host past keyswap. Clients read one list in many ways (a name is a suffix to
// some, with or without a dot before it; ports, networks and `*` mean something to some); what
// covers a bound host in any of them is left out. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/cli/bound_host.h"

namespace keyswap::cli {

// What keyswap itself says: this machine is called directly.
inline constexpr std::string_view kOwnNoProxy = "localhost,127.0.0.1,::1,[::1]";

// The entries of a list as it stands in a variable: between commas and blanks, in order.
std::vector<std::string> split_no_proxy(std::string_view list);

struct LeftOut {
  std::string entry;
  std::string host;  // a bound host that it covers
};

struct BypassList {
  std::vector<std::string> kept;  // as they were written, each once, without keyswap's own
  std::vector<LeftOut> left_out;
};

BypassList judge_bypasses(const std::vector<std::string>& entries,
                          const std::vector<BoundHost>& bound);

// Could some client take `entry` for that host at its port?
bool may_cover(std::string_view entry, const BoundHost& bound);

// The same hosts in the form of Java's http.nonProxyHosts: globs over the whole name. What has a
// port, or is a network that no glob describes, is not among them.
std::vector<std::string> java_globs(const std::vector<std::string>& entries);

}  // namespace keyswap::cli
