// SPDX-License-Identifier: Apache-2.0
//
// What must be true of the bytes of a YAML file before a parser sees them, so that the reader of
// the file and the program see the same text: UTF-8, no controls, no invisible or
// direction-changing characters, line feeds (with or without CR before them) as line breaks, no tab
// in an indentation.
#pragma once

#include <optional>
#include <string_view>

#include "bindings/parse.h"

namespace keyswap::bindings {

// The first thing that is wrong with `text`, or nothing.
std::optional<ConfigIssue> check_yaml_text(std::string_view text);

}  // namespace keyswap::bindings
