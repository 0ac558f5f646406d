// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/unescape.h"

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

std::string in_pieces(Escaping escaping, std::string_view text, std::size_t piece) {
  Unescaper unescaper(escaping);
  std::string said;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    unescaper.feed(text.substr(0, piece), said);
  }
  return said;
}

}  // namespace

TEST_CASE("escapes of a URL are undone, and what is none stays") {
  CHECK(unescape(Escaping::percent, "a%2Db%2d%41") == "a-b-A");
  CHECK(unescape(Escaping::percent, "100%, %zz %4 %%41") == "100%, %zz %4 %A");
  CHECK(unescape(Escaping::percent, "%C3%BC") == "\x01\x01");
  CHECK(unescape(Escaping::percent, "a\\u0041+b") == "a\\u0041+b");
}

TEST_CASE("escapes of a JSON string are undone, and what is none stays") {
  CHECK(unescape(Escaping::json, R"(a\u002db\/\"\\)") == "a-b/\"\\");
  CHECK(unescape(Escaping::json, R"(\x \u12 \u004)") == R"(\x \u12 )");  // the last one may go on
  CHECK(unescape(Escaping::json, R"(\n\u00e4\uD83D)") == "\x01\x01\x01");
  CHECK(unescape(Escaping::json, "%41") == "%41");
}

TEST_CASE("an escape is known wherever it is cut", "[I15]") {
  for (const auto& [escaping, text] :
       {std::pair(Escaping::percent, "%41%%42%zz%4%43b"),
        std::pair(Escaping::json, R"(\u0041\\u0042\u00zz\u\/\u00431)")}) {
    const std::string whole = unescape(escaping, text);
    for (std::size_t piece = 1; piece < 8; ++piece) {
      CAPTURE(text, piece);
      CHECK(in_pieces(escaping, text, piece) == whole);
    }
  }
}

}  // namespace keyswap::flow
