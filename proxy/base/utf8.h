// SPDX-License-Identifier: Apache-2.0
//
// UTF-8, one character at a time (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyswap::base {

struct Utf8Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// The character that `text`, not empty, begins with: shortest forms only, no surrogates, nothing
// above U+10FFFF.
Utf8Character read_utf8(std::string_view text);

// Is it nothing but such characters?
bool is_utf8(std::string_view text);

// C0, DEL and C1 (Unicode's category Cc).
bool is_control_character(std::uint32_t code);

// `code`: no surrogate, at most U+10FFFF.
void append_utf8(std::uint32_t code, std::string& out);

}  // namespace keyswap::base
