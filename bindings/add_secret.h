// SPDX-License-Identifier: Apache-2.0
//
// An entry of `secrets:` into the text of a bindings file, behind those that are there. Everything
// else stays byte for byte as its author wrote it: comments, order, blank lines, line ends.
#pragma once

#include <string>
#include <string_view>

#include "bindings/strict_yaml.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

// The text with the entry; `comment` (one line, may be "") stands before it where there is a place
// for one. already_exists if the name is there. invalid_input if the text cannot be read, or if it
// is written so that nothing can be put in without changing what else it says.
base::Result<std::string> add_secret(std::string_view text,
                                     std::string_view name,
                                     const YamlNode& entry,
                                     std::string_view comment);

}  // namespace keyswap::bindings
