// SPDX-License-Identifier: Apache-2.0
#include "vault/json.h"

#include <ctime>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

Secret locked(std::string_view bytes) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

JsonText read(std::string_view text) {
  auto json = JsonText::read(locked(text));
  REQUIRE(json);
  return std::move(*json);
}

bool is_json(std::string_view text) {
  return JsonText::read(locked(text)).has_value();
}

std::string text_of(JsonView value) {
  const auto text = value.text();
  REQUIRE(text);
  return std::string(text->reveal());
}

}  // namespace

TEST_CASE("a value is found by the names that lead to it") {
  const auto json = read(R"( {"data": {"data":{"a":"one","b\u0061":"two"},"n":3}, "list":[1]} )");
  CHECK(text_of(json.root().find("/data/data/a")) == "one");
  CHECK(text_of(json.root().find("/data/data/ba")) == "two");
  CHECK(json.root().find("/data/n").integer() == 3);
  CHECK(json.root().find("/data/data").is(JsonKind::object));
  for (const auto* const nowhere : {"/data/data/c", "/data/n/a", "/list/0", "/x/y/z", "/"}) {
    CHECK(json.root().find(nowhere).is(JsonKind::none));
  }
}

TEST_CASE("items come in their order, whatever white space is between them") {
  const auto json = read("{\"a\" : [ 1 ,\n{\"x\":[]}, \"]\" ,null ] , \"b\":\ttrue }");
  std::vector<std::string> names;
  JsonItems members(json.root());
  while (members.next()) {
    names.emplace_back(members.name().bytes());
  }
  CHECK(names == std::vector<std::string>{"\"a\"", "\"b\""});
  std::vector<std::string> items;
  JsonItems list(json.root().member("a"));
  while (list.next()) {
    items.emplace_back(list.value().bytes());
  }
  CHECK(items == std::vector<std::string>{"1", "{\"x\":[]}", "\"]\"", "null"});
  CHECK_FALSE(list.next());
  for (const auto* const nothing : {"[]", "{ }", "3", "\"[1]\""}) {
    const auto other = read(nothing);
    CHECK_FALSE(JsonItems(other.root()).next());
  }
  CHECK(json.root().member("b").is_true());
}

TEST_CASE("a string's escapes are undone, its value is the same however it was written") {
  const auto json = read(R"(["\"\\\/\b\f\n\r\t","\u00e9\u20ac\ud83d\udc27","é€🐧",""])");
  JsonItems list(json.root());
  REQUIRE(list.next());
  CHECK(text_of(list.value()) == "\"\\/\b\f\n\r\t");
  REQUIRE(list.next());
  CHECK(text_of(list.value()) == "é€🐧");
  CHECK(list.value().is_text("é€🐧"));
  CHECK_FALSE(list.value().is_text("é€"));
  CHECK_FALSE(list.value().plain_text(64));
  REQUIRE(list.next());
  CHECK(text_of(list.value()) == "é€🐧");
  REQUIRE(list.next());
  CHECK(text_of(list.value()).empty());
  CHECK(list.value().plain_text(0) == "");
}

TEST_CASE("what is plain is so long at most, and has no escape") {
  const auto json = read(R"({"id":"abc","b":"a\u0062c","n":7})");
  CHECK(json.root().member("id").plain_text(3) == "abc");
  CHECK_FALSE(json.root().member("id").plain_text(2));
  CHECK_FALSE(json.root().member("b").plain_text(8));
  CHECK_FALSE(json.root().member("n").plain_text(8));
}

TEST_CASE("numbers: whole ones of 64 bits are read, others are there all the same") {
  const auto json = read("[0,-1,9223372036854775807,9223372036854775808,1.0,1e3,-0.5E-2]");
  std::vector<std::optional<std::int64_t>> numbers;
  JsonItems list(json.root());
  while (list.next()) {
    CHECK(list.value().is(JsonKind::number));
    numbers.push_back(list.value().integer());
  }
  CHECK(numbers == std::vector<std::optional<std::int64_t>>{
                       0, -1, INT64_MAX, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
}

TEST_CASE("what could be read in two ways is refused") {
  for (const auto* const bad : {"",
                                " ",
                                "{",
                                "}",
                                "[1,]",
                                "[,1]",
                                "{\"a\":1,}",
                                "{\"a\" 1}",
                                "{a:1}",
                                "{'a':1}",
                                "[1] 2",
                                "[1]]",
                                "01",
                                "-",
                                "1.",
                                ".5",
                                "+1",
                                "1e",
                                "NaN",
                                "tru",
                                "truex",
                                "nul",
                                "\"",
                                "\"\\\"",
                                "\"\\x41\"",
                                "\"\\u12g4\"",
                                "\"\\ud83d\"",
                                "\"\\udc27\"",
                                "\"\\ud83d\\u0041\"",
                                "\"a\nb\"",
                                "\"\xff\"",
                                "\"\xc0\x80\"",
                                "\xef\xbb\xbf{}",
                                "// c\n1",
                                "{\"a\":1,\"a\":2}",
                                "{\"a\":1,\"\\u0061\":2}",
                                "[{\"x\":{\"b\":1,\"c\":1,\"b\":1}}]"}) {
    INFO(bad);
    CHECK_FALSE(is_json(bad));
  }
  CHECK(is_json("{\"a\":1,\"A\":2}"));
  CHECK_FALSE(is_json(std::string_view("[1]\0", 4)));
}

TEST_CASE("depth and members have their bounds") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(is_json(nested(base::bounds::kAnswerJsonDepthMax)));
  CHECK_FALSE(is_json(nested(base::bounds::kAnswerJsonDepthMax + 1)));
  const auto wide = [](std::size_t members) {
    std::string text = "{";
    for (std::size_t i = 0; i < members; ++i) {
      text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
    }
    return text + "}";
  };
  CHECK(is_json(wide(base::bounds::kAnswerJsonMembersMax)));
  CHECK_FALSE(is_json(wide(base::bounds::kAnswerJsonMembersMax + 1)));
}

TEST_CASE("names that are many, long and alike cost little more than values that are [I10]",
          "[I10]") {
  const auto text_of_many = [](char open, std::string_view between, char close) {
    std::string text(1, open);
    for (std::size_t i = 0; i < base::bounds::kAnswerJsonMembersMax; ++i) {
      text += (i == 0 ? "\"" : ",\"") + std::string(200, 'a') + std::to_string(i) + "\"";
      text += between;
    }
    return text + close;
  };
  const auto ticks_of = [](const std::string& text) {
    const std::clock_t begun = std::clock();
    CHECK(is_json(text));
    return std::clock() - begun + 1;
  };
  const auto values = ticks_of(text_of_many('[', "", ']'));
  const auto names = ticks_of(text_of_many('{', ":0", '}'));
  CHECK(names / values < 150);  // each with each it would be more than 500
}

TEST_CASE("a text that is cut anywhere is refused") {
  const std::string whole = R"({"a":[1,-2.5e3,"x\u00e9\"",true,false,null],"b":{"c":""}})";
  REQUIRE(is_json(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK_FALSE(is_json(whole.substr(0, size)));
  }
}

}  // namespace keyswap::vault
