// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/escape.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace keyswap::flow {

namespace {

constexpr std::size_t kNumberDigitsMax = 8;  // of &#...;
constexpr std::uint32_t kCodePointMax = 0x10FFFF;
constexpr std::uint32_t kHighSurrogate = 0xD800;
constexpr std::uint32_t kLowSurrogate = 0xDC00;
constexpr std::uint32_t kSurrogatesEnd = 0xE000;

struct Named {
  std::string_view name;
  char byte;
};

constexpr std::array kEntities = {Named{"&amp;", '&'},
                                  Named{"&lt;", '<'},
                                  Named{"&gt;", '>'},
                                  Named{"&quot;", '"'},
                                  Named{"&apos;", '\''}};

// What stands behind a backslash, and what the two stand for.
constexpr std::array<char, 256> kLetters = [] {
  std::array<char, 256> table{};
  for (const char c : {'"', '\\', '/', '\''}) {
    table[static_cast<unsigned char>(c)] = c;
  }
  table['b'] = '\b';
  table['f'] = '\f';
  table['n'] = '\n';
  table['r'] = '\r';
  table['t'] = '\t';
  return table;
}();

std::optional<std::uint32_t> digit_of(char c, std::uint32_t base) {
  std::uint32_t value = base;
  if (c >= '0' && c <= '9') {
    value = static_cast<std::uint32_t>(c - '0');
  } else if (c >= 'a' && c <= 'f') {
    value = static_cast<std::uint32_t>(c - 'a') + 10;
  } else if (c >= 'A' && c <= 'F') {
    value = static_cast<std::uint32_t>(c - 'A') + 10;
  }
  return value < base ? std::optional(value) : std::nullopt;
}

// The digits that `text` begins with, `most` at most.
struct Number {
  std::uint64_t value = 0;
  std::size_t digits = 0;
};

Number read_number(std::string_view text, std::uint32_t base, std::size_t most) {
  Number number;
  while (number.digits < std::min(most, text.size())) {
    const auto digit = digit_of(text[number.digits], base);
    if (!digit) {
      break;
    }
    number.value = number.value * base + *digit;
    ++number.digits;
  }
  return number;
}

Escape of_byte(std::size_t size, std::uint64_t byte) {
  return {size, false, {static_cast<char>(byte)}, 1};
}

Escape cut() {
  return {.is_cut = true};
}

Escape of_character(std::size_t size, std::uint32_t code) {
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    return of_byte(size, code);
  }
  if (code < 0x800) {
    return {size, false, {static_cast<char>(0xC0U | code >> 6U), tail(0)}, 2};
  }
  if (code < 0x10000) {
    return {size, false, {static_cast<char>(0xE0U | code >> 12U), tail(6), tail(0)}, 3};
  }
  return {size, false, {static_cast<char>(0xF0U | code >> 18U), tail(12), tail(6), tail(0)}, 4};
}

// Two hexadecimal digits behind a beginning of that size.
Escape read_two(std::string_view text, std::size_t begin) {
  const Number number = read_number(text.substr(begin), 16, 2);
  if (number.digits == 2) {
    return of_byte(begin + 2, number.value);
  }
  return begin + number.digits == text.size() ? cut() : Escape{};
}

// \u0041, or two of them that are one character (RFC 8259 section 7).
Escape read_unicode(std::string_view text) {
  constexpr std::size_t kSize = 6;
  const Number first = read_number(text.substr(2), 16, 4);
  if (first.digits < 4) {
    return 2 + first.digits == text.size() ? cut() : Escape{};
  }
  const auto high = static_cast<std::uint32_t>(first.value);
  if (high < kHighSurrogate || high >= kLowSurrogate) {
    return of_character(kSize, high);
  }
  const std::string_view rest = text.substr(kSize);
  if (!std::string_view("\\u").starts_with(rest.substr(0, 2))) {
    return of_character(kSize, high);
  }
  const Number second = rest.size() < 2 ? Number{} : read_number(rest.substr(2), 16, 4);
  if (second.digits < 4) {
    return 2 + second.digits >= rest.size() ? cut() : of_character(kSize, high);
  }
  const auto low = static_cast<std::uint32_t>(second.value);
  if (low < kLowSurrogate || low >= kSurrogatesEnd) {
    return of_character(kSize, high);
  }
  return of_character(2 * kSize,
                      0x10000 + ((high - kHighSurrogate) << 10U) + (low - kLowSurrogate));
}

Escape read_backslash(std::string_view text) {
  if (text.size() == 1) {
    return cut();
  }
  if (text[1] == 'u') {
    return read_unicode(text);
  }
  if (text[1] == 'x') {
    return read_two(text, 2);
  }
  const char byte = kLetters[static_cast<unsigned char>(text[1])];
  return byte == '\0' ? Escape{} : of_byte(2, static_cast<unsigned char>(byte));
}

// &#65; or &#x41;
Escape read_numeric(std::string_view text) {
  const bool is_hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const std::size_t begin = is_hex ? 3 : 2;
  const Number number =
      read_number(text.substr(std::min(begin, text.size())), is_hex ? 16 : 10, kNumberDigitsMax);
  const std::size_t end = begin + number.digits;
  if (end >= text.size()) {
    return cut();
  }
  const bool is_number = number.digits > 0 && text[end] == ';' && number.value <= kCodePointMax;
  return is_number ? of_character(end + 1, static_cast<std::uint32_t>(number.value)) : Escape{};
}

Escape read_entity(std::string_view text) {
  if (text.starts_with("&#")) {
    return read_numeric(text);
  }
  if (text.size() == 1) {
    return cut();
  }
  for (const Named& entity : kEntities) {
    if (text.starts_with(entity.name)) {
      return of_byte(entity.name.size(), static_cast<unsigned char>(entity.byte));
    }
    if (entity.name.starts_with(text)) {
      return cut();
    }
  }
  return {};
}

bool may_begin_escape(char c) {
  return c == '%' || c == '\\' || c == '&';
}

constexpr std::size_t kBlockBytes = 64;

// The compiler makes vector instructions of it, because the size is fixed, and no byte is widened.
bool may_have_escape(const char* block) {
  unsigned char found = 0;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    found = static_cast<unsigned char>(found | static_cast<unsigned>(may_begin_escape(block[i])));
  }
  return found != 0;
}

// Of a word of eight bytes: the highest bit of the first that is `c`, and perhaps of later ones.
std::uint64_t marks_of(std::uint64_t word, char c) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t zero_there = word ^ (kOnes * static_cast<unsigned char>(c));
  return (zero_there - kOnes) & ~zero_there;
}

std::uint64_t marks_at(const char* bytes) {
  constexpr std::uint64_t kHighest = 0x8080808080808080;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return (marks_of(word, '%') | marks_of(word, '\\') | marks_of(word, '&')) & kHighest;
}

// The place of the first byte whose highest bit is set.
std::size_t first_of(std::uint64_t marks) {
  static_assert(std::endian::native == std::endian::little);
  return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
}

void add_mark(std::string_view text, std::size_t at, std::vector<EscapeMark>& marks) {
  const char letter =
      at + 1 < text.size() ? kLetters[static_cast<unsigned char>(text[at + 1])] : '\0';
  if (text[at] == '\\' && letter != '\0') {  // by far the most
    marks.push_back({static_cast<std::uint32_t>(at), 2, '\\', letter});
    return;
  }
  const Escape escape = read_escape(text.substr(at));
  if (escape.size > 0 || escape.is_cut) {
    marks.push_back({static_cast<std::uint32_t>(at),
                     static_cast<std::uint8_t>(escape.size),
                     text[at],
                     escape.bytes.front()});
  }
}

}  // namespace

Escape read_escape(std::string_view text) {
  switch (text.empty() ? '\0' : text.front()) {
    case '%':
      return read_two(text, 1);
    case '\\':
      return read_backslash(text);
    case '&':
      return read_entity(text);
    default:
      return {};
  }
}

bool has_escape(std::string_view text) {
  for (std::size_t at = find_escape(text, 0); at < text.size(); at = find_escape(text, at + 1)) {
    if (read_escape(text.substr(at)).size > 0) {
      return true;
    }
  }
  return false;
}

bool has_escape_byte(std::string_view text) {
  return text.find('%') != text.npos || text.find('\\') != text.npos || text.find('&') != text.npos;
}

std::vector<EscapeMark> find_escapes(std::string_view text) {
  std::vector<EscapeMark> found;
  if (!has_escape_byte(text)) {  // as most texts of some length
    return found;
  }
  std::size_t at = find_escape(text, 0);
  while (at + kBlockBytes <= text.size()) {
    if (!may_have_escape(text.data() + at)) {
      at += kBlockBytes;
      continue;
    }
    for (const std::size_t end = at + kBlockBytes; at < end; at += sizeof(std::uint64_t)) {
      for (std::uint64_t marks = marks_at(text.data() + at); marks != 0; marks &= marks - 1) {
        add_mark(text, at + first_of(marks), found);
      }
    }
  }
  for (at = find_escape(text, at); at < text.size(); at = find_escape(text, at + 1)) {
    add_mark(text, at, found);
  }
  return found;
}

std::size_t find_escape(std::string_view text, std::size_t from) {
  const char* const bytes = text.data();
  std::size_t at = from;
  while (at + kBlockBytes <= text.size() && !may_have_escape(bytes + at)) {
    at += kBlockBytes;
  }
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t marks = marks_at(bytes + at);
    if (marks != 0) {
      return at + first_of(marks);
    }
  }
  while (at < text.size() && !may_begin_escape(bytes[at])) {
    ++at;
  }
  return at;
}

}  // namespace keyswap::flow
