// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/words.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::base {

TEST_CASE("a byte beyond ASCII is found wherever it stands") {
  for (std::size_t size = 0; size < 20; ++size) {
    std::string text(size, '\x7f');
    CHECK(is_ascii(text));
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\x80';
      CHECK_FALSE(is_ascii(text));
      text[at] = '\0';
      CHECK(is_ascii(text));
    }
  }
}

TEST_CASE("one byte behind another is found wherever they stand") {
  for (std::size_t size = 0; size < 20; ++size) {
    CHECK_FALSE(has_pair(std::string(size, '/'), '/', '.'));
    CHECK(has_pair(std::string(size, '/'), '/', '/') == (size > 1));
    for (std::size_t at = 0; at + 1 < size; ++at) {
      std::string text(size, 'a');
      text.replace(at, 2, "/.");
      INFO(text);
      CHECK(has_pair(text, '/', '.'));
      CHECK_FALSE(has_pair(text, '/', '/'));
      CHECK_FALSE(has_pair(text, '.', '/'));
    }
  }
}

}  // namespace keyswap::base
