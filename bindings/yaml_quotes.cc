// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_quotes.h"

#include <algorithm>

namespace keyswap::bindings {

namespace {

bool is_quote(char c) {
  return c == '"' || c == '\'';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Behind these marks a value or a key may begin.
bool opens_value(std::string_view text, std::size_t at) {
  constexpr std::string_view kAnywhere = "[{,\n";
  constexpr std::string_view kBeforeBlank = ":-?";
  const bool is_before_blank = at + 1 == text.size() || is_blank(text[at + 1]);
  return kAnywhere.find(text[at]) != std::string_view::npos ||
         (is_before_blank && kBeforeBlank.find(text[at]) != std::string_view::npos);
}

bool has_line_break(std::string_view text, std::size_t begin, std::size_t end) {
  return begin < end && text.substr(begin, end - begin).find('\n') != std::string_view::npos;
}

}  // namespace

std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  for (auto at = begin + 1; at < text.size(); ++at) {
    const bool is_doubled = quote == '\'' && text.substr(at, 2) == "''";
    if (is_doubled || (quote == '"' && text[at] == '\\')) {
      ++at;
    } else if (text[at] == quote) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::optional<std::size_t> open_quote_before(std::string_view text, std::size_t before) {
  std::optional<std::size_t> open;
  bool may_begin = true;
  for (std::size_t at = 0; at < std::min(before, text.size()); ++at) {
    const bool is_comment = text[at] == '#' && (at == 0 || is_blank(text[at - 1]));
    if (is_comment) {
      at = std::min(text.find('\n', at), text.size()) - 1;
    } else if (may_begin && is_quote(text[at])) {
      const std::size_t end = end_of_quoted(text, at);
      const bool runs_on = end == std::string_view::npos || has_line_break(text, at, end);
      if (runs_on && !has_line_break(text, end, before)) {
        open = at;
      }
      if (end == std::string_view::npos) {
        return open;
      }
      at = end;
      may_begin = false;
    } else if (opens_value(text, at)) {
      may_begin = true;
    } else if (!is_blank(text[at])) {
      may_begin = false;
    }
  }
  return open;
}

}  // namespace keyswap::bindings
