// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/utf8.h"

#include <catch2/catch.hpp>

namespace keyswap::base {

TEST_CASE("a character is written and read back, at the edges of each length") {
  const auto [code, bytes] = GENERATE(std::pair<std::uint32_t, std::size_t>{0, 1},
                                      std::pair<std::uint32_t, std::size_t>{0x7F, 1},
                                      std::pair<std::uint32_t, std::size_t>{0x80, 2},
                                      std::pair<std::uint32_t, std::size_t>{0x7FF, 2},
                                      std::pair<std::uint32_t, std::size_t>{0x800, 3},
                                      std::pair<std::uint32_t, std::size_t>{0xD7FF, 3},
                                      std::pair<std::uint32_t, std::size_t>{0xE000, 3},
                                      std::pair<std::uint32_t, std::size_t>{0xFFFF, 3},
                                      std::pair<std::uint32_t, std::size_t>{0x10000, 4},
                                      std::pair<std::uint32_t, std::size_t>{0x10FFFF, 4});
  std::string text;
  append_utf8(code, text);
  CHECK(text.size() == bytes);
  const auto character = read_utf8(text + "x");
  CHECK(character.code == code);
  CHECK(character.bytes == bytes);
}

TEST_CASE("what RFC 3629 forbids is no character") {
  const auto* const text = GENERATE("\x80",
                                    "\xBF",
                                    "\xC0\x80",
                                    "\xC1\xBF",
                                    "\xC3",
                                    "\xC3(",
                                    "\xE0\x80\x80",
                                    "\xE2\x82",
                                    "\xED\xA0\x80",
                                    "\xED\xBF\xBF",
                                    "\xF0\x80\x80\x80",
                                    "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80",
                                    "\xFF");
  CHECK(read_utf8(text).bytes == 0);
}

TEST_CASE("controls are those of both sets, and DEL") {
  CHECK(is_control_character(0));
  CHECK(is_control_character('\n'));
  CHECK(is_control_character(0x7F));
  CHECK(is_control_character(0x9F));
  CHECK_FALSE(is_control_character(' '));
  CHECK_FALSE(is_control_character('~'));
  CHECK_FALSE(is_control_character(0xA0));
}

TEST_CASE("every scalar value of Unicode is UTF-8 in one form only", "[I9]") {
  const auto encode = [](std::uint32_t code, std::size_t size) {
    std::string text;
    for (std::size_t i = size; i > 0; --i) {
      const std::uint32_t bits = code >> (6 * (i - 1));
      const std::uint32_t mark = i < size ? 0x80U : 0xf00U >> size;
      text += static_cast<char>(mark | (i < size ? bits & 0x3fU : bits));
    }
    return text;
  };
  std::size_t wrong = 0;
  for (std::uint32_t code = 0x80; code <= 0x1fffff; ++code) {
    const std::size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    const bool is_scalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    wrong += is_utf8(encode(code, size)) == is_scalar ? 0 : 1;
    // The overlong form next in length.
    wrong += size < 4 && is_utf8(encode(code, size + 1)) ? 1 : 0;
  }
  CHECK(wrong == 0);
  CHECK_FALSE(is_utf8("\xc0\xaf"));
  CHECK_FALSE(is_utf8(std::string("\xc0\x80")));
  CHECK_FALSE(is_utf8("\xf8\x88\x80\x80\x80"));
  CHECK(is_utf8(std::string("\x00\x7f", 2)));
}

TEST_CASE("a wrong byte in a text is found wherever it stands", "[I9]") {
  for (std::size_t at = 0; at < 20; ++at) {
    std::string text(20, 'x');
    CHECK(is_utf8(text));
    text[at] = static_cast<char>(0x80);
    CHECK_FALSE(is_utf8(text));
    text[at] = static_cast<char>(0xff);
    CHECK_FALSE(is_utf8(text));
    CHECK(is_utf8(text.substr(0, at) + "\xf0\x9f\x94\x91"));
    for (std::size_t size = 1; size < 4; ++size) {
      CHECK_FALSE(is_utf8(text.substr(0, at) + std::string("\xf0\x9f\x94\x91", size)));
    }
  }
}

}  // namespace keyswap::base
