// SPDX-License-Identifier: Apache-2.0
//
// Lines and tables that fit 80 columns.
#include "proxy/cli/word_wrap.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

std::size_t widest(const std::string& text) {
  std::size_t widest = 0;
  for (const auto line : lines_of(text)) {
    widest = std::max(widest, columns_of(line));
  }
  return widest;
}

}  // namespace

TEST_CASE("words go on in the next line, and a word that is too long is cut") {
  using Lines = std::vector<std::string>;
  CHECK(wrap_words("one two three", 7) == Lines{"one two", "three"});
  CHECK(wrap_words("  one \n two ", 80) == Lines{"one two"});
  CHECK(wrap_words("abcdefgh ij", 3) == Lines{"abc", "def", "gh", "ij"});
  CHECK(wrap_words("", 10) == Lines{""});
  // A letter of two bytes is one column, and is never cut.
  CHECK(wrap_words("\xc3\xa4\xc3\xb6\xc3\xbc", 2) == Lines{"\xc3\xa4\xc3\xb6", "\xc3\xbc"});
}

TEST_CASE("paragraphs are filled, and what is indented stays as it is") {
  CHECK(wrap_paragraphs("one\ntwo\n\nthree\n  as  it is\nfour", 20) ==
        "one two\n\nthree\n  as  it is\nfour\n");
  CHECK(wrap_paragraphs("one two", 6, 2) == "  one\n  two\n");
}

TEST_CASE("a line for a shell is cut between its words, never in a quoted text") {
  using Lines = std::vector<std::string>;
  CHECK(wrap_shell_line("curl -H 'a b' url", 80) == Lines{"curl -H 'a b' url"});
  CHECK(wrap_shell_line("curl -H \"a b c d e f\" url", 18) ==
        Lines{"curl -H \\", "    \"a b c d e f\" \\", "    url"});
  CHECK(wrap_shell_line("a-word-without-a-blank", 5) == Lines{"a-word-without-a-blank"});
}

TEST_CASE("a long line for people goes on indented") {
  CHECK(wrap_hanging("short  line") == "short  line\n");
  const std::string wrapped = wrap_hanging(std::string(50, 'a') + " " + std::string(50, 'b'));
  CHECK(wrapped == std::string(50, 'a') + "\n    " + std::string(50, 'b') + "\n");
}

TEST_CASE("a line keeps its own indentation when it goes on, and a word that is long stays whole") {
  const std::string half(40, 'a');
  CHECK(wrap_hanging("  " + half + " " + half) == "  " + half + "\n      " + half + "\n");
  const std::string path(100, 'p');
  CHECK(wrap_hanging("see " + path + " there") == "see\n    " + path + "\n    there\n");
  CHECK(wrap_hanging(path) == path + "\n");
  CHECK(wrap_hanging(std::string(200, ' ')) == std::string(40, ' ') + "\n");
}

TEST_CASE("a table that is too wide goes on below, word by word") {
  const std::string table = format_table(
      {{"NAME", "TEXT"},
       {"a-name",
        std::string("so many words that they cannot stand in one line of a terminal, ") +
            "because it has eighty columns"}});
  CHECK(widest(table) <= kColumns);
  CHECK(table.find("\n        ") != std::string::npos);
  CHECK(table.find("eighty columns") != std::string::npos);
}

TEST_CASE("a table with long words in it fits, too, and loses none of them") {
  const std::string host(70, 'h');
  const std::string name(60, 'n');
  const std::string table = format_table({{"NAME", "HOST", "N"}, {name, host, "1"}});
  CHECK(widest(table) <= kColumns);
  CHECK(std::ranges::count(table, 'h') == 70);
  CHECK(std::ranges::count(table, 'n') == 60);
}

TEST_CASE("the value of a fact stays in one line, so that it can be copied") {
  const std::string value(100, 'f');
  CHECK(format_facts({{"sha256", value}, {"file", "x"}}) == "sha256  " + value + "\nfile    x\n");
}

}  // namespace keyswap::cli
