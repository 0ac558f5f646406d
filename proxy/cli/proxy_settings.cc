// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/proxy_settings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "proxy/cli/files.h"
#include "proxy/cli/npm_settings.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kSettingsFileBytesMax = std::size_t{1024} * 1024;
constexpr std::array<std::string_view, 9> kCurlOptions = {
    "proxy", "-x", "x", "noproxy", "preproxy", "socks4", "socks4a", "socks5", "socks5-hostname"};

std::string settings_in(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return "";
  }
  auto text = read_file(path, kSettingsFileBytesMax);
  return text ? std::move(text).value() : std::string();
}

// What the variable says, with `rest` behind it; "" where it says nothing.
std::string path_below(const Variables& inherited, const char* variable, const std::string& rest) {
  const auto found = inherited.find(variable);
  return found == inherited.end() || found->second.empty() ? "" : found->second + rest;
}

}  // namespace

bool pip_names_proxy(const Variables& inherited) {
  const std::vector<std::string> files = {"/etc/pip.conf",
                                          path_below(inherited, "PIP_CONFIG_FILE", ""),
                                          path_below(inherited, "XDG_CONFIG_HOME", "/pip/pip.conf"),
                                          path_below(inherited, "HOME", "/.config/pip/pip.conf"),
                                          path_below(inherited, "HOME", "/.pip/pip.conf"),
                                          path_below(inherited, "VIRTUAL_ENV", "/pip.conf")};
  return std::ranges::any_of(files, [&inherited](const std::string& file) {
    return !npmrc_value(settings_in(file), "proxy", inherited).empty();
  });
}

std::vector<std::string> curl_files_with_proxy(const Variables& inherited) {
  std::vector<std::string> files = {path_below(inherited, "CURL_HOME", "/.curlrc"),
                                    path_below(inherited, "XDG_CONFIG_HOME", "/curlrc"),
                                    path_below(inherited, "HOME", "/.curlrc"),
                                    path_below(inherited, "HOME", "/.config/curlrc")};
  std::erase_if(files,
                [](const std::string& file) { return !curlrc_names_proxy(settings_in(file)); });
  return files;
}

bool curlrc_names_proxy(std::string_view text) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    line.resize(std::min(line.find_first_of(" \t=:\r"), line.size()));
    line.erase(0, line.starts_with("--") ? 2 : 0);
    if (std::ranges::find(kCurlOptions, line) != kCurlOptions.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace keyswap::cli
