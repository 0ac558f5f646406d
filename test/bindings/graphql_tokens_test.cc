// SPDX-License-Identifier: Apache-2.0
#include "bindings/graphql_tokens.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

// The tokens, each in brackets; "!" where one is none.
std::string tokens_of(std::string_view text) {
  GraphqlTokens tokens(text);
  std::string all;
  for (;;) {
    const auto token = tokens.next();
    if (!token) {
      return all + "!";
    }
    if (token->kind == GraphqlToken::Kind::end) {
      return all;
    }
    all.append("[").append(token->text).append("]");
  }
}

}  // namespace

TEST_CASE("white space, commas and comments lie between tokens") {
  CHECK(tokens_of("a,b\t{ c }\r\n# d \"\"\" e\r\n...f") == "[a][b][{][c][}][...][f]");
  CHECK(tokens_of("").empty());
  CHECK(tokens_of("#").empty());
  CHECK(tokens_of("# \xC3\xA9\n").empty());
}

TEST_CASE("a comment that some servers end elsewhere is none") {
  for (const std::string text :
       {"#\ra", "#\xE2\x80\xA8 a", "#\xE2\x80\xA9 a", "#\xC2\x85 a", "#\x0B a", "#\xFF a"}) {
    INFO(text);
    CHECK(tokens_of(text) == "!");
  }
}

TEST_CASE("numbers and strings are written in one way") {
  CHECK(tokens_of("1 -2 0 -0.5 1e3 1.5E-3") == "[1][-2][0][-0.5][1e3][1.5E-3]");
  for (const auto* const text : {"01", "1.", "-", "1a", "1.2.3", "1e", "0x1", "1_"}) {
    INFO(text);
    CHECK(tokens_of(text) == "!");
  }
  CHECK(tokens_of(R"("" "a\"b" "\u00e9\n" "\ud83d\ude00" "#")") ==
        R"([""]["a\"b"]["\u00e9\n"]["\ud83d\ude00"]["#"])");
  for (const auto* const text :
       {"\"", "\"a\nb\"", R"("\x")", R"("\u12")", R"("\ud83d")", R"("\ude00")", R"("\u{41}")"}) {
    INFO(text);
    CHECK(tokens_of(text) == "!");
  }
  CHECK(tokens_of("\"\"\"a\n\"b\" \\\"\"\" c\"\"\" d") == "[\"\"\"a\n\"b\" \\\"\"\" c\"\"\"][d]");
  CHECK(tokens_of("\"\"\" a \"\"") == "!");
}

TEST_CASE("other characters mean nothing, a byte order mark neither") {
  for (const std::string text : {"\xEF\xBB\xBF{a}", "%", "..", ".", "'a'", "\xC3\xA9", "?", ";"}) {
    INFO(text);
    CHECK(tokens_of(text) == "!");
  }
  CHECK(tokens_of(std::string_view("\0", 1)) == "!");
}

TEST_CASE("the tokens of a document are bounded", "[I10]") {
  std::string text;
  for (std::size_t i = 0; i < bounds::kGraphqlTokensMax; ++i) {
    text += "{";
  }
  CHECK(tokens_of(text).back() == ']');
  CHECK(tokens_of(text + "{").back() == '!');
}

}  // namespace keyswap::bindings
