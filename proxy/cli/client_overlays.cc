// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_overlays.h"

#include <algorithm>
#include <array>

#include "proxy/base/bytes.h"

namespace keyswap::cli {

namespace {

// Of a wgetrc: what would win over the variables and lead past the proxy, or not check it.
constexpr std::array<std::string_view, 6> kNotOfWgetrc = {
    "httpproxy", "httpsproxy", "useproxy", "proxyuser", "proxypassword", "checkcertificate"};

// wget looks neither at the case of a name nor at its - and _.
bool leads_elsewhere(std::string_view line) {
  std::string name = base::to_lower(line.substr(0, line.find('=')));
  std::erase_if(name, [](char c) { return c == '-' || c == '_' || c == ' ' || c == '\t'; });
  return std::ranges::find(kNotOfWgetrc, name) != kNotOfWgetrc.end();
}

}  // namespace

std::string wgetrc_text(std::string_view users, const std::string& bundle) {
  std::string text;
  while (!users.empty()) {
    const std::size_t end = std::min(users.find('\n'), users.size() - 1) + 1;
    const std::string_view line = users.substr(0, end);
    text += leads_elsewhere(line) ? std::string_view() : line;
    users.remove_prefix(end);
  }
  return text + "ca_certificate = " + bundle + "\n";
}

std::string apt_config_text(std::string_view users, const std::string& bundle) {
  return std::string(users) + "Acquire::https::CaInfo \"" + bundle + "\";\n";
}

std::string php_text(const std::string& bundle) {
  return "; made by keyswap run\ncurl.cainfo = \"" + bundle + "\"\nopenssl.cafile = \"" + bundle +
         "\"\n";
}

std::string hgrc_text(const std::string& bundle) {
  return "# made by keyswap run\n[web]\ncacerts = " + bundle + "\n";
}

}  // namespace keyswap::cli
