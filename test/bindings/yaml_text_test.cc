// SPDX-License-Identifier: Apache-2.0
#include "bindings/yaml_text.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

std::string problem(std::string_view text) {
  const auto issue = check_yaml_text(text);
  return issue
             ? std::to_string(issue->line) + ":" + std::to_string(issue->column) + " " + issue->text
             : "";
}

}  // namespace

TEST_CASE("plain text and other letters of UTF-8 are fine") {
  CHECK(problem("a: b\n  c: d\r\n").empty());
  CHECK(problem("b\xC3\xBC"
                "cher \xE2\x82\xAC \xF0\x9F\x94\x91")
            .empty());
  CHECK(problem("a: b\t# a tab after the indentation").empty());
  CHECK(problem("").empty());
}

TEST_CASE("a tab in an indentation is refused") {
  CHECK(problem("a:\n\tb: 1\n") == "2:1 tabs cannot indent");
  CHECK(problem("a:\n  \tb: 1\n") == "2:3 tabs cannot indent");
}

TEST_CASE("bytes that are not UTF-8 are refused") {
  const auto* const bytes = GENERATE("\xFF",
                                     "\x80",
                                     "\xC0\xAF",
                                     "\xC1\xBF",
                                     "\xC3",
                                     "\xC3(",
                                     "\xE0\x80\xAF",
                                     "\xE2\x82",
                                     "\xED\xA0\x80",
                                     "\xF0\x80\x80\x80",
                                     "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80",
                                     "\xFE\xFF");
  CHECK(problem("ab\n" + std::string(bytes)) == "2:1 this byte is not UTF-8");
}

TEST_CASE("controls, lone carriage returns and invisible characters are refused") {
  CHECK(problem(std::string_view("a\0b", 3)) == "1:2 control characters are not allowed");
  CHECK(problem("a\x1b[0m") == "1:2 control characters are not allowed");
  CHECK(problem("a\x7f") == "1:2 control characters are not allowed");
  CHECK(problem("a\xC2\x85"
                "b") == "1:2 control characters are not allowed");
  CHECK(problem("a\rb") == "1:2 a carriage return alone is not a line break");
  CHECK(problem("a\xE2\x80\xAE"
                "b") == "1:2 invisible characters are not allowed");
  CHECK(problem("a\xE2\x80\xA8"
                "b") == "1:2 invisible characters are not allowed");
  CHECK(problem("a\xEF\xBB\xBF"
                "b") == "1:2 invisible characters are not allowed");
}

}  // namespace keyswap::bindings
