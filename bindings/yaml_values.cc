// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kWordBytesMax = 64;

// Keys that agent-vault-proxy's later versions have, for things that are not here.
constexpr std::array<std::string_view, 7> kForeignKeys = {"binding_source",
                                                          "install_salt_path",
                                                          "injectors",
                                                          "notes_host_allowlist",
                                                          "notes_refresh_seconds",
                                                          "content_type",
                                                          "provider"};

std::string key_name(std::string_view what) {
  return "`" + std::string(what) + "`";
}

std::string listed(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words) {
    text += (text.empty() ? "" : ", ") + std::string(word);
  }
  return text;
}

// How many letters to add, leave out or change, or neighbours to swap, until one word is the other
// (optimal string alignment). Letters are compared without case; both words are short.
std::size_t distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kWordBytesMax + 1>;
  const auto is_same = [&a, &b](std::size_t i, std::size_t j) {
    return base::to_lower(a[i - 1]) == base::to_lower(b[j - 1]);
  };
  Row row{};  // of the letters so far
  std::iota(row.begin(), row.end(), std::size_t{0});
  Row above{};
  Row two_above{};
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_above = above;
    above = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = above.at(j - 1) + (is_same(i, j) ? 0U : 1U);
      row.at(j) = std::min({above.at(j) + 1, row.at(j - 1) + 1, changed});
      if (i > 1 && j > 1 && is_same(i, j - 1) && is_same(i - 1, j)) {
        row.at(j) = std::min(row.at(j), two_above.at(j - 2) + 1);
      }
    }
  }
  return row.at(b.size());
}

void report_unknown_key(const YamlNode& key,
                        std::string_view what,
                        std::span<const std::string_view> known,
                        ConfigIssues& issues) {
  const auto name = quoted_or(key.text, "this key");
  if (std::find(kForeignKeys.begin(), kForeignKeys.end(), key.text) != kForeignKeys.end()) {
    issues.error(key.place, name + " is not supported here", "what is: keyswap help bindings");
    return;
  }
  const auto nearest = nearest_word(key.text, known);
  issues.error(key.place,
               name + " is no key of " + key_name(what),
               nearest.empty() ? "there are: " + listed(known)
                               : "did you mean '" + std::string(nearest) + "'?");
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  std::string_view nearest;
  std::size_t least = std::min<std::size_t>(3, word.size() / 3 + 1);
  for (const auto candidate : known) {
    if (word.size() > kWordBytesMax || candidate.size() > kWordBytesMax) {
      continue;
    }
    if (const auto found = distance(word, candidate); found < least + 1 && found <= least) {
      nearest = candidate;
      least = found == 0 ? 0 : found - 1;
    }
  }
  return nearest;
}

YamlSection::YamlSection(const YamlNode& node,
                         std::string_view what,
                         std::span<const std::string_view> known,
                         ConfigIssues& issues)
    : node_(node), what_(what) {
  if (!is_mapping()) {
    issues.error(node.place, key_name(what) + " must be a mapping (key: value)");
    return;
  }
  for (const auto& key : node.keys) {
    if (std::find(known.begin(), known.end(), key.text) == known.end()) {
      report_unknown_key(key, what, known, issues);
    }
  }
}

const YamlNode* YamlSection::find(std::string_view key) const {
  for (std::size_t i = 0; is_mapping() && i < node_.keys.size(); ++i) {
    if (node_.keys[i].text == key) {
      return &node_.items[i];
    }
  }
  return nullptr;
}

const YamlNode* YamlSection::require(std::string_view key, ConfigIssues& issues) const {
  const auto* const found = find(key);
  if (found == nullptr && is_mapping()) {
    issues.error(node_.place, key_name(key) + " is missing in " + key_name(what_));
  }
  return found;
}

std::optional<std::string> read_text(const YamlNode& node,
                                     std::string_view what,
                                     ConfigIssues& issues) {
  if (node.kind == Kind::scalar && !node.text.empty()) {
    return node.text;
  }
  const bool is_empty = node.kind == Kind::null || node.kind == Kind::scalar;
  issues.error(node.place, key_name(what) + (is_empty ? " is empty" : " must be text"));
  return std::nullopt;
}

std::optional<bool> read_flag(const YamlNode& node, std::string_view what, ConfigIssues& issues) {
  if (node.kind == Kind::scalar && node.is_plain && (node.text == "true" || node.text == "false")) {
    return node.text == "true";
  }
  issues.error(node.place, key_name(what) + " must be true or false, without quotes");
  return std::nullopt;
}

std::optional<std::int64_t> read_number(const YamlNode& node,
                                        std::string_view what,
                                        NumberRange range,
                                        ConfigIssues& issues) {
  std::int64_t number = 0;
  const char* const begin = node.text.data();
  const char* const end = begin + node.text.size();
  const auto read = std::from_chars(begin, end, number);
  const bool has_leading_zero = node.text.size() > 1 && node.text.front() == '0';
  const bool is_number = node.kind == Kind::scalar && node.is_plain && read.ec == std::errc{} &&
                         read.ptr == end && !has_leading_zero;
  if (is_number && number >= range.least && number <= range.most) {
    return number;
  }
  issues.error(node.place,
               key_name(what) + " must be a number from " + std::to_string(range.least) + " to " +
                   std::to_string(range.most));
  return std::nullopt;
}

std::optional<std::size_t> read_choice(const YamlNode& node,
                                       std::string_view what,
                                       std::span<const std::string_view> words,
                                       ConfigIssues& issues) {
  const auto found = std::find(words.begin(), words.end(), node.text);
  if (node.kind == Kind::scalar && found != words.end()) {
    return static_cast<std::size_t>(found - words.begin());
  }
  const auto nearest = nearest_word(node.text, words);
  issues.error(node.place,
               key_name(what) + " must be one of: " + listed(words),
               nearest.empty() ? "" : "did you mean '" + std::string(nearest) + "'?");
  return std::nullopt;
}

const std::vector<YamlNode>* read_list(const YamlNode& node,
                                       std::string_view what,
                                       ConfigIssues& issues) {
  if (node.kind != Kind::sequence) {
    issues.error(node.place,
                 key_name(what) + " must be a list",
                 node.kind == Kind::scalar ? "put it in brackets: [ ... ]" : "");
    return nullptr;
  }
  if (node.items.empty()) {
    issues.error(node.place,
                 key_name(what) + " is an empty list, which would allow nothing",
                 "leave the key out if you mean any");
    return nullptr;
  }
  return &node.items;
}

}  // namespace keyswap::bindings
