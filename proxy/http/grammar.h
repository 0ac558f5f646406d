// SPDX-License-Identifier: Apache-2.0
//
// The byte classes of RFC 9110 section 5 and RFC 3986 as one table of 256 entries: a check is one
// look-up a byte, the same in the reader (line_check, target) and in the writer (encoder), so that
// what one lets through the other can write. Not for meaning: that is message_rules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/words.h"

namespace keyswap::http::grammar {

using ByteClass = std::uint8_t;
inline constexpr ByteClass kToken = 1;    // tchar
inline constexpr ByteClass kField = 2;    // HTAB, SP, VCHAR, obs-text: what a field value may hold
inline constexpr ByteClass kVisible = 4;  // VCHAR: what a target's path may hold
inline constexpr ByteClass kHost = 8;     // letters, digits, "-._:[]": what a Host value may hold
inline constexpr ByteClass kName =
    16;  // letters, digits, "-_": what a label of a host name may hold
inline constexpr ByteClass kHex = 32;
inline constexpr ByteClass kDigit = 64;
inline constexpr ByteClass kQuery = 128;  // VCHAR and all beyond ASCII: what a query may hold

inline constexpr std::string_view kDigits = "0123456789";
inline constexpr std::string_view kHexLetters = "abcdefABCDEF";
inline constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr void add(std::array<ByteClass, 256>& table, std::string_view bytes, ByteClass classes) {
  for (const char c : bytes) {
    ByteClass& entry = table.at(static_cast<unsigned char>(c));
    entry = static_cast<ByteClass>(entry | classes);
  }
}

constexpr std::array<ByteClass, 256> make_table() {
  std::array<ByteClass, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    const bool is_visible = byte > 0x20 && byte < 0x7f;
    table.at(byte) = is_visible ? kVisible | kField | kQuery : 0;
    table.at(byte) |= byte >= 0x80 ? kField | kQuery : 0;
  }
  add(table, " \t", kField);
  add(table, kLetters, kToken | kHost | kName);
  add(table, kDigits, kToken | kHost | kName | kHex | kDigit);
  add(table, kHexLetters, kHex);
  add(table, "!#$%&'*+-.^_`|~", kToken);
  add(table, "-._:[]", kHost);
  add(table, "-_", kName);
  return table;
}

inline constexpr std::array<ByteClass, 256> kTable = make_table();

constexpr bool is(char c, ByteClass wanted) {
  return (kTable[static_cast<unsigned char>(c)] & wanted) != 0;
}

// Is every byte of `text` of the class? No early exit, and four at a time: the loop is nearly
// always run to its end.
constexpr bool all_are(std::string_view text, ByteClass wanted) {
  const auto class_of = [&text](std::size_t i) -> unsigned int {
    return kTable[static_cast<unsigned char>(text.data()[i])];
  };
  unsigned int common = wanted;
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    common &= class_of(i) & class_of(i + 1) & class_of(i + 2) & class_of(i + 3);
  }
  for (; i < text.size(); ++i) {
    common &= class_of(i);
  }
  return common != 0;
}

// all_are(text, kField), faster: values and targets are most of the bytes of a head.
inline bool is_field_text(std::string_view text) {
  namespace words = base::words;
  if (text.size() < words::kBytes) {
    return all_are(text, kField);
  }
  return !words::any(text, [](std::uint64_t word) {
    return (words::below_space(word) & ~words::equal_to(word, '\t')) | words::equal_to(word, 0x7f);
  });
}

// all_are(text, kQuery).
inline bool is_query_text(std::string_view text) {
  namespace words = base::words;
  if (text.size() < words::kBytes) {
    return all_are(text, kQuery);
  }
  return !words::any(text, [](std::uint64_t word) {
    return words::below_space(word) | words::equal_to(word, ' ') | words::equal_to(word, 0x7f);
  });
}

// all_are(text, kVisible).
inline bool is_visible_text(std::string_view text) {
  return is_query_text(text) && base::is_ascii(text);
}

// Is `name` the field name that `known` spells in lower case? Inline, because every field of a head
// is held against several.
constexpr bool is_name(std::string_view name, std::string_view known) {
  if (name.size() != known.size()) {
    return false;
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (base::to_lower(name[i]) != known[i]) {
      return false;
    }
  }
  return true;
}

// May these bytes be a request target? Visible ASCII; behind the first '?' also what is beyond
// ASCII, which some clients send as it is. Not in a path, which is judged.
inline bool is_target(std::string_view text) {
  return is_query_text(text) && base::is_ascii(text.substr(0, text.find('?')));
}

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

// `text` without optional white space (OWS, RFC 9110 section 5.6.3) around it.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// Does `test` say yes to an element of the comma-separated `list` (RFC 9110 section 5.6.1)? Empty
// elements count for nothing. Stops at the first yes.
template <typename Test>
constexpr bool any_element(std::string_view list, Test test) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty() && test(element)) {
      return true;
    }
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return false;
}

}  // namespace keyswap::http::grammar
