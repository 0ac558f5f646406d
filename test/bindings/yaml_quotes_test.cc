// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_quotes.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

TEST_CASE("a quoted text ends at its quote, not at an escaped or a doubled one") {
  CHECK(end_of_quoted("\"a\" b", 0) == 2);
  CHECK(end_of_quoted(R"("a\"b")", 0) == 5);
  CHECK(end_of_quoted("'a''b'", 0) == 5);
  CHECK(end_of_quoted("\"a'", 0) == std::string_view::npos);
}

TEST_CASE("the quoted text that runs on into the next lines is found, by what comes behind it") {
  const std::string text = "a: \"one\"\nb: \"two\nc: \"three\"\n";
  CHECK(open_quote_before(text, text.find("three")) == 12);
  CHECK_FALSE(open_quote_before(text, 12));
  CHECK(open_quote_before("a: 'x", 5) == 3);
  CHECK(open_quote_before("a: [ 'x\n]", 9) == 5);
}

TEST_CASE("a quoted text that ended in a line before is none of these") {
  const std::string text = "a: \"one\ntwo\"\nb: [1\n";
  CHECK_FALSE(open_quote_before(text, text.size()));
}

TEST_CASE("quotes within a word, in a comment, or closed in their line are none of these") {
  for (const std::string_view text : {"a: it's\nb: 1\n",
                                      "a: 1 # don't\nb: 'x'\n",
                                      "# \"\na: 1\n",
                                      "a: 'x # y'\nb: \"z\"\n",
                                      "a: [\"x\", 'y']\n",
                                      ""}) {
    INFO(text);
    CHECK_FALSE(open_quote_before(text, text.size()));
  }
}

}  // namespace keyswap::bindings
