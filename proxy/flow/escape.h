// SPDX-License-Identifier: Apache-2.0
//
// The escapes in which texts of the web write a byte: %41 (RFC 3986), \u0041 and \x41 and \" (JSON,
// JavaScript), &#65; and &#x41; and &quot; (HTML, XML).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace keyswap::flow {

// One escape, and what it stands for: a byte, or a character in UTF-8.
struct Escape {
  std::size_t size = 0;  // of it in the text; 0: the text does not begin with one
  bool is_cut = false;   // but with what may become one, of which the rest is missing
  std::array<char, 4> bytes{};
  std::size_t count = 0;

  [[nodiscard]] std::string_view view() const { return {bytes.data(), count}; }
};

// The escape that `text` begins with.
Escape read_escape(std::string_view text);

// Where one stands in a text, or what may become one.
struct EscapeMark {
  std::uint32_t at = 0;
  std::uint8_t size = 0;  // of the escape; 0: it is cut
  char kind = '\0';       // the byte that it begins with
  char first = '\0';      // of the bytes that it stands for
};

// All places where one stands, in their order; also those within another, as the second of two
// backslashes, or a percent sign behind one. `text` has less than 4 GiB.
std::vector<EscapeMark> find_escapes(std::string_view text);

// Does it have any?
bool has_escape(std::string_view text);

// Does it have a byte that may begin one? The quick look at a whole text.
bool has_escape_byte(std::string_view text);

// Where the first byte of `text` at `from` or later stands that may begin an escape; its size if
// none does.
std::size_t find_escape(std::string_view text, std::size_t from);

}  // namespace keyswap::flow
