// SPDX-License-Identifier: Apache-2.0
#include "bindings/key_text.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

std::string without_space(std::string_view text) {
  std::string out(text.size(), '?');
  out.resize(write_without_space(text, out));
  return out;
}

}  // namespace

TEST_CASE("a key is the same with the line ends of a file, of Windows, of JSON, and with none") {
  for (const char* const text : {"QUJDREVG",
                                 "QUJD\nREVG\n",
                                 "QUJD\r\nREVG",
                                 "QUJD\\nREVG\\n",
                                 "QUJD\\r\\nREVG",
                                 " QUJD\tREVG "}) {
    CAPTURE(text);
    CHECK(without_space(text) == "QUJDREVG");
  }
}

TEST_CASE("all that is no space stays in a key's text, so that what is no key is refused") {
  CHECK(without_space("") == "");
  CHECK(without_space("\\") == "\\");
  CHECK(without_space("a\\tb") == "a\\tb");
  CHECK(without_space("a\\\\nb") == "a\\b");
  CHECK(without_space(std::string_view("a\0b\v", 4)) == std::string_view("a\0b\v", 4));
}

}  // namespace keyswap::bindings
