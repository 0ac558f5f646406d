// SPDX-License-Identifier: Apache-2.0
#include "bindings/json.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

constexpr JsonBounds kBounds = {3, 4};

// As written anew; "" if it is refused.
std::string rewritten(std::string_view text, const JsonBounds& bounds = kBounds) {
  const auto value = read_json(text, bounds);
  return value ? json_text(*value) : "";
}

std::string string_in(std::string_view text) {
  const auto value = read_json(text, kBounds);
  REQUIRE(value.has_value());
  REQUIRE(value->kind == JsonValue::Kind::string);
  return value->text;
}

}  // namespace

TEST_CASE("JSON is written anew without white space, its numbers and its order kept") {
  CHECK(rewritten(" { \"b\" : 1.50 , \"a\" :\t[ ] ,\r\n\"c\":{\"d\":null}, \"e\":false } ") ==
        R"({"b":1.50,"a":[],"c":{"d":null},"e":false})");
  CHECK(rewritten("[true,-0.10,1E+5,{}]") == "[true,-0.10,1E+5,{}]");
  CHECK(rewritten(R"("a\/b")") == R"("a/b")");
  CHECK(rewritten(R"("say \"\\\" \u0022")") == R"("say \"\\\" \"")");
  CHECK(rewritten("17", {0, 0}) == "17");
}

TEST_CASE("each value of JSON knows where it stood in its text") {
  const std::string text = R"( { "a" : 1.50, "\u0062": [ "x y" , {} ] })";
  const auto value = read_json(text, kBounds);
  REQUIRE(value.has_value());
  const auto shown = [&](const JsonValue& one) {
    return text.substr(one.begin, one.end - one.begin);
  };
  CHECK(shown(*value) == text.substr(1));
  REQUIRE(value->find("a") != nullptr);
  CHECK(shown(*value->find("a")) == "1.50");
  REQUIRE(value->find("b") != nullptr);
  CHECK(shown(*value->find("b")) == R"([ "x y" , {} ])");
  CHECK(shown(value->find("b")->items[0]) == R"("x y")");
  CHECK(shown(value->find("b")->items[1]) == "{}");
  CHECK(value->find("A") == nullptr);
  CHECK(value->find("a")->find("a") == nullptr);
}

TEST_CASE("the escapes that Python and JavaScript write become UTF-8") {
  CHECK(string_in(R"("\u0061piKey")") == "apiKey");
  CHECK(string_in(R"("\u00e9\u20AC")") == "\xC3\xA9\xE2\x82\xAC");
  CHECK(string_in(R"("\ud83d\uDE00")") == "\xF0\x9F\x98\x80");
  CHECK(string_in("\"\xF0\x9F\x98\x80\"") == "\xF0\x9F\x98\x80");
  CHECK(string_in(R"("\uffff\ue000")") == "\xEF\xBF\xBF\xEE\x80\x80");
}

TEST_CASE("what could be read otherwise, or is no JSON, is refused") {
  const auto* const text = GENERATE("",
                                    " ",
                                    "\xEF\xBB\xBF{}",
                                    "{} {}",
                                    "{}x",
                                    "{},",
                                    "{",
                                    "[1",
                                    "[1,]",
                                    "[,1]",
                                    "[1 2]",
                                    "{\"a\":1,}",
                                    "{\"a\" 1}",
                                    "{\"a\":}",
                                    "{a:1}",
                                    "{'a':1}",
                                    "{1:1}",
                                    "[1]]",
                                    "[1}",
                                    "True",
                                    "nul",
                                    "nulll",
                                    "NaN",
                                    "Infinity",
                                    "-Infinity",
                                    "//\n1",
                                    "/**/1");
  INFO(text);
  CHECK(rewritten(text).empty());
}

TEST_CASE("a number is as RFC 8259 writes it") {
  const auto* const good = GENERATE("0", "-0", "10", "0.10", "1e3", "1E-07", "-1.5e+3");
  CHECK(rewritten(good) == good);
  const auto* const bad = GENERATE("00",
                                   "01",
                                   "+1",
                                   "-",
                                   ".5",
                                   "5.",
                                   "1e",
                                   "1e+",
                                   "1.e3",
                                   "0x10",
                                   "1_000",
                                   "1,5",
                                   "--1",
                                   "1e3.5");
  INFO(bad);
  CHECK(rewritten(bad).empty());
}

TEST_CASE("a whole number is one that can be held, and nothing else is one") {
  const auto value = read_json(R"({"a":7,"b":-7,"c":"7","d":7.0})", kBounds);
  REQUIRE(value);
  CHECK(whole_number<std::int64_t>(value->find("a")) == 7);
  CHECK(whole_number<std::int64_t>(value->find("b")) == -7);
  CHECK_FALSE(whole_number<std::uint64_t>(value->find("b")));
  CHECK_FALSE(whole_number<std::int64_t>(value->find("c")));
  CHECK_FALSE(whole_number<std::int64_t>(value->find("d")));
  CHECK_FALSE(whole_number<std::int64_t>(value->find("none")));
  const auto large = read_json("[18446744073709551615,18446744073709551616,7e0]", kBounds);
  REQUIRE(large);
  CHECK(whole_number<std::uint64_t>(&large->items[0]) == 18446744073709551615U);
  CHECK_FALSE(whole_number<std::int64_t>(&large->items[0]));
  CHECK_FALSE(whole_number<std::uint64_t>(&large->items[1]));
  CHECK_FALSE(whole_number<std::uint64_t>(&large->items[2]));
}

TEST_CASE("a string has no control, no half of a pair, and no byte that is not UTF-8") {
  const auto* const text = GENERATE("\"a\nb\"",
                                    "\"a\tb\"",
                                    "\"a\x7F\"",
                                    "\"\xC2\x85\"",
                                    R"("\n")",
                                    R"("\t")",
                                    R"("\b")",
                                    R"("\u0000")",
                                    R"("\u001f")",
                                    R"("\u007f")",
                                    R"("\u0085")",
                                    R"("\ud83d")",
                                    R"("\ud83dx")",
                                    R"("\ud83d\n")",
                                    R"("\ud83d\u0041")",
                                    R"("\ude00")",
                                    R"("\ude00\ud83d")",
                                    R"("\u12")",
                                    R"("\u12g4")",
                                    R"("\u 123")",
                                    R"("\U0041")",
                                    R"("\x41")",
                                    R"("\')",
                                    R"("\a")",
                                    "\"\xFF\"",
                                    "\"\xC0\xAF\"",
                                    "\"\xED\xA0\x80\"",
                                    "\"a",
                                    "\"",
                                    "\"\\");
  INFO(text);
  CHECK_FALSE(read_json(text, kBounds).has_value());
  CHECK_FALSE(read_json(std::string_view("\"a\0b\"", 5), kBounds).has_value());
}

TEST_CASE("a name stands once in an object, however it is written") {
  CHECK(rewritten(R"({"a":1,"b":2})") == R"({"a":1,"b":2})");
  CHECK(rewritten(R"({"a":1,"a":1})").empty());
  CHECK(rewritten(R"({"a":1,"A":2})").empty());
  CHECK(rewritten(R"({"a":1,"\u0061":2})").empty());
  CHECK(rewritten(R"({"a":1,"b":{"a":1}})") == R"({"a":1,"b":{"a":1}})");
}

TEST_CASE("depth and number are bounded") {
  CHECK(rewritten("[[[1]]]") == "[[[1]]]");
  CHECK(rewritten("[[[[1]]]]").empty());
  CHECK(rewritten(R"({"a":[{"b":{}}]})").empty());
  CHECK(rewritten(std::string(100'000, '[')).empty());
  CHECK(rewritten("[1,2,3,4]") == "[1,2,3,4]");
  CHECK(rewritten("[1,2,3,4,5]").empty());
  CHECK(rewritten(R"({"a":1,"b":2,"c":3,"d":4,"e":5})").empty());
  CHECK(rewritten("[1]", {0, 9}).empty());
  CHECK(rewritten("[[1,2],[3]]", {2, 9, 6}) == "[[1,2],[3]]");
  CHECK(rewritten("[[1,2],[3]]", {2, 9, 5}).empty());
}

TEST_CASE("any text becomes a JSON string") {
  CHECK(json_string("") == "\"\"");
  CHECK(json_string("say \"\\\"") == R"("say \"\\\"")");
  CHECK(json_string("a\nb\x7F") == R"("a\u000ab\u007f")");
  CHECK(json_string("\xC3\xA9") == "\"\xC3\xA9\"");
  CHECK(json_string(std::string_view("\0", 1)) == R"("\u0000")");
}

TEST_CASE("controls in strings are read where that is asked for, escaped, and NUL never") {
  JsonBounds bounds{4, 10};
  const std::string text = R"("a\n\t\r\b\f\u0001")";
  CHECK_FALSE(read_json(text, bounds));
  bounds.allows_controls = true;
  CHECK(read_json(text, bounds)->text == "a\n\t\r\b\f\x01");
  CHECK_FALSE(read_json(R"("\u0000")", bounds));
  CHECK_FALSE(read_json("\"\n\"", bounds));
  CHECK_FALSE(read_json(R"("\v")", bounds));
}

}  // namespace keyswap::bindings
