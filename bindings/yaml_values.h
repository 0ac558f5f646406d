// SPDX-License-Identifier: Apache-2.0
//
// Reads typed values out of a YAML tree. Each reader reports what is wrong at its place and gives
// nothing then. `what` names the key in messages; values are never quoted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/config_issues.h"
#include "bindings/strict_yaml.h"

namespace keyswap::bindings {

// A mapping whose keys are known. Unknown ones are errors that suggest the nearest known one.
class YamlSection {
 public:
  // `node` and `known` must outlive the section. Not a mapping: an error, and every find() gives
  // nullptr.
  YamlSection(const YamlNode& node,
              std::string_view what,
              std::span<const std::string_view> known,
              ConfigIssues& issues);

  [[nodiscard]] bool is_mapping() const { return node_.kind == YamlNode::Kind::mapping; }

  [[nodiscard]] Place place() const { return node_.place; }

  // The value of `key`, or nullptr if it is not there.
  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  // The same, and an error if it is not there.
  [[nodiscard]] const YamlNode* require(std::string_view key, ConfigIssues& issues) const;

 private:
  const YamlNode& node_;
  std::string what_;
};

// Text: any scalar; numbers and words of YAML are taken as they are written. Not empty.
std::optional<std::string> read_text(const YamlNode& node,
                                     std::string_view what,
                                     ConfigIssues& issues);
// `true` or `false`, nothing else.
std::optional<bool> read_flag(const YamlNode& node, std::string_view what, ConfigIssues& issues);

struct NumberRange {
  std::int64_t least;
  std::int64_t most;
};

std::optional<std::int64_t> read_number(const YamlNode& node,
                                        std::string_view what,
                                        NumberRange range,
                                        ConfigIssues& issues);
// The index of the word in `words`.
std::optional<std::size_t> read_choice(const YamlNode& node,
                                       std::string_view what,
                                       std::span<const std::string_view> words,
                                       ConfigIssues& issues);
// The elements of a list that is not empty; nullptr after an error.
const std::vector<YamlNode>* read_list(const YamlNode& node,
                                       std::string_view what,
                                       ConfigIssues& issues);

// The one of `known` that `word` was probably meant to be, or "".
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace keyswap::bindings
