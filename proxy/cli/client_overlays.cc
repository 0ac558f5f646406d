// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_overlays.h"

namespace keyswap::cli {

std::string wgetrc_text(std::string_view users, const std::string& bundle) {
  return std::string(users) + "ca_certificate = " + bundle + "\n";
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
