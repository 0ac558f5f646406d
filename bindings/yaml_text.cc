// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_text.h"

#include <cstddef>
#include <cstdint>

#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

bool is_refused_control(std::uint32_t code) {
  return base::is_control_character(code) && code != '\t' && code != '\n' && code != '\r';
}

// Zero width, another line break, or a change of direction: what is seen is not what is read.
bool is_deceptive(std::uint32_t code) {
  return (code >= 0x200BU && code <= 0x200FU) || (code >= 0x2028U && code <= 0x202EU) ||
         (code >= 0x2060U && code <= 0x2069U) || code == 0xFEFFU;
}

const char* problem_of(base::Utf8Character character, std::string_view text, bool is_indentation) {
  if (character.bytes == 0) {
    return "this byte is not UTF-8";
  }
  if (is_refused_control(character.code)) {
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
    const auto character = base::read_utf8(text.substr(at));
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
