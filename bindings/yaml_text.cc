// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_text.h"

#include <cstddef>
#include <cstdint>

namespace keyswap::bindings {

namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF.
Character read_character(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) {
    return {};
  }
  std::uint32_t code = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) {
      return {};
    }
    code = (code << 6U) | (byte_at(text, i) & 0x3FU);
  }
  const std::uint32_t least = bytes == 4 ? 0x10000U : bytes == 3 ? 0x800U : 0x80U;
  const bool is_surrogate = code >= 0xD800U && code <= 0xDFFFU;
  if (code < least || code > 0x10FFFFU || is_surrogate) {
    return {};
  }
  return {code, bytes};
}

bool is_control(std::uint32_t code) {
  return (code < 0x20U && code != '\t' && code != '\n' && code != '\r') ||
         (code >= 0x7FU && code <= 0x9FU);
}

// Zero width, another line break, or a change of direction: what is seen is not what is read.
bool is_deceptive(std::uint32_t code) {
  return (code >= 0x200BU && code <= 0x200FU) || (code >= 0x2028U && code <= 0x202EU) ||
         (code >= 0x2060U && code <= 0x2069U) || code == 0xFEFFU;
}

const char* problem_of(Character character, std::string_view text, bool is_indentation) {
  if (character.bytes == 0) {
    return "this byte is not UTF-8";
  }
  if (is_control(character.code)) {
    return "control characters are not allowed";
  }
  if (is_deceptive(character.code)) {
    return "invisible characters are not allowed";
  }
  if (character.code == '\r' && text.substr(1, 1) != "\n") {
    return "a carriage return alone is not a line break";
  }
  if (character.code == '\t' && is_indentation) {
    return "tabs cannot indent";
  }
  return nullptr;
}

}  // namespace

std::optional<ConfigIssue> check_yaml_text(std::string_view text) {
  int line = 1;
  std::size_t line_begin = 0;
  bool is_indentation = true;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = read_character(text.substr(at));
    if (const char* const problem = problem_of(character, text.substr(at), is_indentation)) {
      return ConfigIssue{line,
                         static_cast<int>(at - line_begin) + 1,
                         problem,
                         character.code == '\t' ? "use spaces" : ""};
    }
    at += character.bytes;
    if (character.code == '\n') {
      ++line;
      line_begin = at;
      is_indentation = true;
    } else {
      is_indentation = is_indentation && (character.code == ' ' || character.code == '\t');
    }
  }
  return std::nullopt;
}

}  // namespace keyswap::bindings
