// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/grammar.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::http::grammar {

TEST_CASE("eight bytes at a time or one by one, a field value is judged alike", "[I9]") {
  for (unsigned int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      for (const char filler : {'a', ' ', '\x80', '\xff', '\t'}) {
        std::string text(20, filler);
        text[at] = static_cast<char>(byte);
        REQUIRE(is_field_text(text) == all_are(text, kField));
        REQUIRE(is_query_text(text) == all_are(text, kQuery));
        REQUIRE(is_visible_text(text) == all_are(text, kVisible));
      }
    }
  }
  for (std::size_t size = 0; size < 20; ++size) {
    CHECK(is_field_text(std::string(size, '\t')));
    CHECK(is_query_text(std::string(size, '\xff')));
    CHECK(is_visible_text(std::string(size, '~')));
  }
}

TEST_CASE("a name is compared with a lower-case spelling") {
  CHECK(is_name("Content-LENGTH", "content-length"));
  CHECK_FALSE(is_name("Content-Lengt", "content-length"));
  CHECK_FALSE(is_name("Content_Length", "content-length"));
  CHECK(is_name("", ""));
}

TEST_CASE("optional white space is spaces and tabs") {
  CHECK(trim(" \t a b\t ") == "a b");
  CHECK(trim(" \t ").empty());
  CHECK(trim("\x0b"
             "a\x0c") ==
        "\x0b"
        "a\x0c");
}

}  // namespace keyswap::http::grammar
