// SPDX-License-Identifier: Apache-2.0
//
// The only door to yaml-cpp: text -> a tree of plain values with their places, and nothing that
// YAML has beyond that. One document of UTF-8; no anchor, alias, tag or merge key; no key twice in
// a mapping; keys are scalars; no tab in an indentation. yaml-cpp itself checks none of these
// (docs/bindings.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/parse.h"

namespace keyswap::bindings {

struct Place {
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1, in bytes
};

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };

  Kind kind = Kind::null;
  bool is_plain = true;  // a scalar without quotes
  Place place;
  std::string text;             // of a scalar
  std::vector<YamlNode> keys;   // of a mapping: scalars, as many as items
  std::vector<YamlNode> items;  // of a sequence or mapping, in the order of the file
};

struct YamlDocument {
  YamlNode root;
  std::vector<ConfigIssue>
      errors;                // if there are any, `root` is what could be read in spite of them
  bool is_complete = false;  // no error kept the text from being read to its end
};

YamlDocument parse_yaml(std::string_view text);

}  // namespace keyswap::bindings
