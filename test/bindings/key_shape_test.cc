// SPDX-License-Identifier: Apache-2.0
#include "bindings/key_shape.h"

#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "test/support/data.h"

namespace keyswap::bindings {

namespace {

KeyShape shape_of(const std::string& text) {
  auto shape = parse_key_shape(text);
  INFO(text);
  REQUIRE(shape.has_value());
  return std::move(shape).value();
}

std::string read_document() {
  std::ifstream file(keyswap::test::tree_path("docs/providers.md"));
  return {std::istreambuf_iterator<char>(file), {}};
}

bool fits(const std::string& shape, const std::string& value) {
  return has_shape(shape_of(shape), value);
}

}  // namespace

TEST_CASE("a key is held against prefix, length and alphabet") {
  const std::string digits(34, '1');
  CHECK(fits("hf_{34:letter}", "hf_" + std::string(34, 'a')));
  CHECK_FALSE(fits("hf_{34:letter}", "hf_" + digits));
  CHECK_FALSE(fits("hf_{34:letter}", "hf_" + std::string(33, 'a')));
  CHECK_FALSE(fits("hf_{34:letter}", "hf_" + std::string(35, 'a')));
  CHECK_FALSE(fits("hf_{34:letter}", "Hf_" + std::string(34, 'a')));
  CHECK_FALSE(fits("hf_{34:letter}", ""));
}

TEST_CASE("a length may be a range, and what follows it is still found") {
  const std::string shape = "xoxb-{10-13:digit}-{2:digit}{1-4:b62}";
  CHECK(fits(shape, "xoxb-1234567890-12a"));
  CHECK(fits(shape, "xoxb-1234567890123-12abcd"));
  CHECK_FALSE(fits(shape, "xoxb-12345678901234-12a"));
  CHECK_FALSE(fits(shape, "xoxb-1234567890-12"));
  // A range that could take what the next piece needs leaves it to that.
  CHECK(fits("{2-9:b62}T3{2:b62}", "aT3T3bb"));
}

TEST_CASE("structures are taken for what they consist of") {
  CHECK(fits("ghp_{30:b62}{crc}", "ghp_" + std::string(36, 'x')));
  CHECK(fits("{jwt}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + std::string(43, 'x')));
}

TEST_CASE("a value longer than any key of the shape costs nothing", "[I10]") {
  CHECK_FALSE(fits("{1-2000:b62}", std::string(1'000'000, 'a')));
}

TEST_CASE("a shape that could not be meant is refused") {
  for (const char* text : {"",
                           "sk-only-text",
                           "{20:b62",
                           "{20:base62}",
                           "{0:b62}",
                           "{9-3:b62}",
                           "{x:b62}",
                           "{20}",
                           "{99999:b62}",
                           "a b{20:b62}",
                           "a}{20:b62}",
                           "ghp_{crc}",
                           "{crc}"}) {
    INFO(text);
    CHECK_FALSE(parse_key_shape(text).has_value());
  }
  std::string many;
  for (int i = 0; i < 17; ++i) {
    many += "{1:b62}";
  }
  CHECK_FALSE(parse_key_shape(many).has_value());
}

TEST_CASE("a shape is described without a word of its language") {
  CHECK(describe(shape_of("sk-ant-{93:b64u}AA")) == "sk-ant-...AA (102 characters)");
  CHECK(describe(shape_of("{8-10:digit}:A{34:b64u}")) == "...:A... (44 to 46 characters)");
}

TEST_CASE("every word of the language is in its document") {
  const std::string document = read_document();
  for (const auto& names : {alphabet_names(), structure_names()}) {
    for (const auto name : names) {
      INFO(name);
      CHECK(document.find("`" + std::string(name) + "`") != std::string::npos);
    }
  }
}

}  // namespace keyswap::bindings
