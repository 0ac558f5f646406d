// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/escape.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

// "size:bytes", "cut", or "none".
std::string read(const std::string& text) {
  const Escape escape = read_escape(text);
  if (escape.is_cut) {
    CHECK(escape.size == 0);
    return "cut";
  }
  return escape.size == 0 ? "none" : std::to_string(escape.size) + ":" + std::string(escape.view());
}

}  // namespace

TEST_CASE("the escapes of URLs, JSON and HTML are undone", "[I8]") {
  CHECK(read("%41b") == "3:A");
  CHECK(read("%2f") == "3:/");
  CHECK(read("%2Fx") == "3:/");
  CHECK(read("\\\"x") == "2:\"");
  CHECK(read("\\\\u0041") == "2:\\");
  CHECK(read("\\/") == "2:/");
  CHECK(read("\\n") == "2:\n");
  CHECK(read("\\u0041") == "6:A");
  CHECK(read("\\u00e9") == "6:\xc3\xa9");
  CHECK(read("\\u20AC") == "6:\xe2\x82\xac");
  CHECK(read("\\ud83d\\ude00") == "12:\xf0\x9f\x98\x80");
  CHECK(read("\\x41") == "4:A");
  CHECK(read("&amp;amp;") == "5:&");
  CHECK(read("&lt;") == "4:<");
  CHECK(read("&gt;") == "4:>");
  CHECK(read("&quot;") == "6:\"");
  CHECK(read("&apos;") == "6:'");
  CHECK(read("&#65;") == "5:A");
  CHECK(read("&#x41;") == "6:A");
  CHECK(read("&#X0041;") == "8:A");
  CHECK(read("&#233;") == "6:\xc3\xa9");
}

TEST_CASE("what is no escape is none") {
  for (const std::string text : {"",
                                 "a",
                                 "%4g",
                                 "%g1",
                                 "\\q",
                                 "\\u00g1",
                                 "\\xg",
                                 "&amp",
                                 "&nbsp;",
                                 "&#;",
                                 "&#x;",
                                 "&#65 ",
                                 "&#1114112;",
                                 "&#123456789;",
                                 "& "}) {
    CAPTURE(text);
    CHECK(read(text + (text == "&amp" ? " " : "")) == "none");
  }
  CHECK(read("\\ud83dx").starts_with("6:"));
  CHECK(read("\\ud83d\\n").starts_with("6:"));
  CHECK(read("\\ud83d\\u0041").starts_with("6:"));
}

TEST_CASE("an escape whose rest is missing is seen as that, at every place") {
  for (const std::string whole : {"%41",
                                  "\\\"",
                                  "\\u0041",
                                  "\\ud83d\\ude00",
                                  "\\x41",
                                  "&amp;",
                                  "&quot;",
                                  "&#65;",
                                  "&#x41;"}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      CAPTURE(whole.substr(0, size));
      CHECK(read(whole.substr(0, size)) == "cut");
    }
  }
}

TEST_CASE("the first byte that may begin an escape is found wherever it stands") {
  for (const auto& [c, other] : {std::pair('%', 'x'),
                                 std::pair('\\', '\xff'),
                                 std::pair('&', '\xa4'),
                                 std::pair('%', '$')}) {
    for (std::size_t at = 0; at < 200; ++at) {
      CHECK(find_escape(std::string(at, other) + std::string(200 - at, c), 0) == at);
      std::string text(200, other);
      text[at] = c;
      CHECK(find_escape(text, 0) == at);
      CHECK(find_escape(text, at) == at);
      CHECK(find_escape(text, at + 1) == text.size());
    }
  }
}

TEST_CASE("all escapes of a text are found, also those within another") {
  std::mt19937 random(4);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t size = random() % 300; text.size() < size;) {
      text += "%\\&#x;u4156amp\"n z\xff"[random() % 20];
    }
    std::vector<std::string> expected;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const Escape escape = read_escape(std::string_view(text).substr(at));
      if (escape.size > 0 || escape.is_cut) {
        expected.push_back(std::to_string(at) + ":" + std::to_string(escape.size) + text[at] +
                           escape.bytes.front());
      }
    }
    for (const EscapeMark& mark : find_escapes(text)) {
      found.push_back(std::to_string(mark.at) + ":" + std::to_string(mark.size) + mark.kind +
                      mark.first);
    }
    CAPTURE(text);
    CHECK(found == expected);
  }
}

}  // namespace keyswap::flow
