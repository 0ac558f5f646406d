// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/proxy_settings.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "test/support/temp_home.h"

namespace keyswap::cli {

TEST_CASE("a proxy in pip's settings is found, wherever they are") {
  const test::TempHome user;
  const Variables shell = {{"HOME", user.path()}};
  std::filesystem::create_directories(user.path() + "/.config/pip");
  static_cast<void>(user.put(".config/pip/pip.conf", "[global]\n# proxy = x\nindex-url = y\n"));
  CHECK_FALSE(pip_names_proxy(shell));
  const std::string named = user.put("own.conf", "[global]\nproxy = http://corp:3128\n");
  CHECK(pip_names_proxy({{"HOME", user.path()}, {"PIP_CONFIG_FILE", named}}));
  static_cast<void>(user.put(".config/pip/pip.conf", "[global]\n proxy=http://corp:3128\n"));
  CHECK(pip_names_proxy(shell));
}

TEST_CASE("a .curlrc that leads past the proxy is told by its option, however it is written") {
  for (const char* line : {"proxy = http://corp:3128",
                           "--proxy http://corp:3128",
                           "-x http://corp:3128",
                           " noproxy=*",
                           "socks5-hostname: h:1"}) {
    INFO(line);
    CHECK(curlrc_names_proxy(std::string("silent\n") + line + "\n"));
  }
  CHECK_FALSE(curlrc_names_proxy("# proxy = x\nproxy-header = y\nuser-agent = proxy\n"));
  const test::TempHome user;
  CHECK(curl_files_with_proxy({{"HOME", user.path()}}).empty());
  const std::string file = user.put(".curlrc", "proxy = http://corp:3128\n");
  CHECK(curl_files_with_proxy({{"HOME", user.path()}}) == std::vector<std::string>{file});
}

}  // namespace keyswap::cli
