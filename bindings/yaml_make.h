// SPDX-License-Identifier: Apache-2.0
//
// Pieces of YAML that are made and not read: what commands and the catalogue put into a bindings
// file (bindings/yaml_write.h writes them).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bindings/strict_yaml.h"

namespace keyswap::bindings {

// `is_plain`: without quotes, as numbers, truth values and keys stand.
inline YamlNode yaml_scalar(std::string text, bool is_plain) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.is_plain = is_plain;
  node.text = std::move(text);
  return node;
}

inline YamlNode yaml_sequence(const std::vector<std::string>& texts) {
  YamlNode node;
  node.kind = YamlNode::Kind::sequence;
  for (const std::string& text : texts) {
    node.items.push_back(yaml_scalar(text, false));
  }
  return node;
}

inline YamlNode yaml_mapping() {
  YamlNode node;
  node.kind = YamlNode::Kind::mapping;
  return node;
}

inline void add_yaml_key(std::string key, YamlNode value, YamlNode& to) {
  to.keys.push_back(yaml_scalar(std::move(key), true));
  to.items.push_back(std::move(value));
}

}  // namespace keyswap::bindings
