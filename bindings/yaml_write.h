// SPDX-License-Identifier: Apache-2.0
//
// Values back to YAML, as bindings/strict_yaml reads it: for entries that a command adds to a file
// that people keep by hand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bindings/strict_yaml.h"

namespace keyswap::bindings {

// In braces and brackets, on one line.
std::string flow_text(const YamlNode& node);

// As indented lines, each ending in a line feed; what is short stands on one line.
std::string block_text(const YamlNode& node, std::size_t indent);

// Do they say the same, wherever it stands in the text?
bool is_same(const YamlNode& a, const YamlNode& b);

}  // namespace keyswap::bindings
