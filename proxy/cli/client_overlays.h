// SPDX-License-Identifier: Apache-2.0
//
// Settings files for clients that take roots from nowhere else: the user's own lines, where the
// client would not read them any more, and ours. Pure.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

// wget and apt read one file in place of the user's, whose lines come first: the last of two
// counts. Lines of a wgetrc that name another proxy, or none, are left out: they would win over the
// variables.
std::string wgetrc_text(std::string_view users, const std::string& bundle);
std::string apt_config_text(std::string_view users, const std::string& bundle);
// php and Mercurial read ours besides the user's.
std::string php_text(const std::string& bundle);
std::string hgrc_text(const std::string& bundle);

}  // namespace keyswap::cli
