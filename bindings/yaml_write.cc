// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_write.h"

#include <algorithm>
#include <array>

namespace keyswap::bindings {

namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kLineBytes = 100;

// A word that every reader of YAML takes for itself, within brackets too.
bool is_plain_word(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.front() != '.' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

std::string in_quotes(std::string_view text) {
  static constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < ' ' || byte == 0x7f) {
      out += "\\x";
      out += kHexDigits[byte >> 4U];
      out += kHexDigits[byte & 0x0fU];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string scalar_text(const YamlNode& node) {
  return node.is_plain && is_plain_word(node.text) ? node.text : in_quotes(node.text);
}

std::string pad(std::size_t indent) {
  std::string text;
  text.append(indent, ' ');
  return text;
}

bool is_short(const YamlNode& node, std::size_t room) {
  const bool is_list_of_mappings =
      node.kind == Kind::sequence && std::ranges::any_of(node.items, [](const YamlNode& item) {
        return item.kind == Kind::mapping;
      });
  return !is_list_of_mappings && flow_text(node).size() <= room;
}

}  // namespace

std::string flow_text(const YamlNode& node) {
  if (node.kind == Kind::null) {
    return "null";
  }
  if (node.kind == Kind::scalar) {
    return scalar_text(node);
  }
  const bool is_mapping = node.kind == Kind::mapping;
  if (node.items.empty()) {
    return is_mapping ? "{}" : "[]";
  }
  std::string text = is_mapping ? "{ " : "[";
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += is_mapping ? scalar_text(node.keys[i]) + ": " : "";
    text += flow_text(node.items[i]);
  }
  return text + (is_mapping ? " }" : "]");
}

std::string block_text(const YamlNode& node, std::size_t indent) {
  constexpr std::size_t kStep = 2;
  const bool is_mapping = node.kind == Kind::mapping;
  if ((!is_mapping && node.kind != Kind::sequence) || node.items.empty()) {
    return pad(indent) + flow_text(node) + "\n";
  }
  std::string text;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto& item = node.items[i];
    const std::string head =
        pad(indent) + (is_mapping ? scalar_text(node.keys[i]) + ":" : std::string("-"));
    if (is_short(item, kLineBytes - std::min(kLineBytes, head.size() + 1))) {
      text += head + " " + flow_text(item) + "\n";
    } else if (is_mapping) {
      text += head + "\n" + block_text(item, indent + kStep);
    } else {
      // The first key stands behind the dash.
      text += head + " " + block_text(item, indent + kStep).substr(indent + kStep);
    }
  }
  return text;
}

bool is_same(const YamlNode& a, const YamlNode& b) {
  return a.kind == b.kind && a.text == b.text && std::ranges::equal(a.keys, b.keys, is_same) &&
         std::ranges::equal(a.items, b.items, is_same);
}

}  // namespace keyswap::bindings
