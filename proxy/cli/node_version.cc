// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/node_version.h"

#include <algorithm>
#include <charconv>

#include "proxy/cli/child.h"
#include "proxy/cli/client_launch.h"

namespace keyswap::cli {

namespace {

constexpr int kVersionMs = 5'000;
constexpr std::size_t kVersionBytesMax = 64;

}  // namespace

std::string node_version(const Variables& environment) {
  const Variables needed = needed_to_start(environment);
  const auto path = needed.find("PATH");
  const std::string program = path == needed.end() ? "" : find_program("node", path->second);
  if (program.empty()) {
    return "";
  }
  auto node = LaunchedClient::start({program, "--version"}, needed, "/");
  std::string version = node ? node->await_answer(kVersionMs) : "";
  version.resize(std::min({version.find('\n'), version.size(), kVersionBytesMax}));
  return version;
}

std::string node_that_bypasses(const Variables& environment) {
  std::string version = node_version(environment);
  return node_reads_proxy_variables(version) ? "" : version;
}

bool node_reads_proxy_variables(const std::string& version) {
  if (version.size() < 2 || version.front() != 'v') {
    return false;
  }
  unsigned major = 0;
  unsigned minor = 0;
  const char* end = version.data() + version.size();
  const auto after = std::from_chars(version.data() + 1, end, major);
  if (after.ec != std::errc() || after.ptr == end || *after.ptr != '.' ||
      std::from_chars(after.ptr + 1, end, minor).ec != std::errc()) {
    return false;
  }
  return major > 24 || (major == 24 && minor >= 5) || (major == 22 && minor >= 21);
}

}  // namespace keyswap::cli
