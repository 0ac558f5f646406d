// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/json_strings.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::flow {

namespace {

using bindings::BodyText;

// Behind the text, whole and byte by byte: "-" in no string, "s" in one, "n" in one inside of that.
std::string place_behind(const std::string& text) {
  const auto told = [](const JsonStrings& strings) {
    return strings.are_nested() ? "n" : strings.are_inside() ? "s" : "-";
  };
  JsonStrings whole;
  whole.read(text);
  JsonStrings cut;
  for (const char& byte : text) {
    cut.read({&byte, 1});
  }
  CHECK(std::string(told(whole)) == told(cut));
  return told(whole);
}

bool is_nested(BodyText body, const std::string& text) {
  NestedStrings strings(body);
  for (const char& byte : text) {
    strings.read({&byte, 1});
  }
  return strings.are_inside();
}

}  // namespace

TEST_CASE("a text is in a string, or in one inside of what that says", "[I9][I15]") {
  CHECK(place_behind("") == "-");
  CHECK(place_behind(R"({"a":)") == "-");
  CHECK(place_behind(R"({"a":"x)") == "s");
  CHECK(place_behind(R"({"a":"x\")") == "n");
  CHECK(place_behind(R"({"a":"{\"b\":)") == "s");
  CHECK(place_behind(R"({"a":"{\"b\":\")") == "n");
  CHECK(place_behind(R"({"a":"{\u0022b\u0022:\u0022c)") == "n");
  CHECK(place_behind(R"({"a":"{\"b\":\"c\\\")") == "n");       // an escaped quote there
  CHECK(place_behind(R"({"a":"{\"b\":\"c\\\\\")") == "s");     // an escaped backslash, and the end
  CHECK(place_behind(R"({"a":"{\"b\":\"c\u005c\"d)") == "n");  // likewise an escaped quote
  CHECK(place_behind(R"({"a":"{\"b\":\"{\\\"c\\\":\\\")") == "n");  // and one deeper
  CHECK(place_behind(R"({"a":"{\"b\":\"c\"}")") == "-");
  CHECK(place_behind(R"({"a":"{\"b\":\"c","d":"x)") == "s");  // it ends with what it is in
  CHECK(place_behind(R"(42["a","\u00zz)") == "s");
}

TEST_CASE("a body stands in a string that is read twice", "[I9]") {
  CHECK_FALSE(is_nested(BodyText::json, R"({"a":")"));
  CHECK(is_nested(BodyText::json, R"({"a":"{\"b\":\")"));
  CHECK(is_nested(BodyText::form, "x=1&payload=%7B%22a%22%3A%22"));
  CHECK(is_nested(BodyText::form, R"(payload={"a":")"));
  CHECK_FALSE(is_nested(BodyText::form, "payload=%7B%22a%22%3A"));
  CHECK_FALSE(is_nested(BodyText::form, "payload=%7B%22a%22%3A%22&token="));
  CHECK_FALSE(is_nested(BodyText::raw, R"({"a":"{\"b\":\")"));
  CHECK_FALSE(is_nested(BodyText::xml, R"({"a":"{\"b\":\")"));
}

TEST_CASE("only what no string escapes is safe to be read twice", "[I9]") {
  const NestedStrings json(BodyText::json);
  CHECK(json.are_safe_for("sk-0123/+=%22"));
  CHECK_FALSE(json.are_safe_for("a\\\"b"));
  CHECK_FALSE(json.are_safe_for("a\\\\b"));
  CHECK_FALSE(json.are_safe_for("a\\u000Ab"));
  const NestedStrings form(BodyText::form);
  CHECK(form.are_safe_for("sk-0123%2F%2B%3D%25"));
  CHECK_FALSE(form.are_safe_for("a%22b"));
  CHECK_FALSE(form.are_safe_for("a%5Cb"));
  CHECK_FALSE(form.are_safe_for("a%0Ab"));
  CHECK(NestedStrings(BodyText::xml).are_safe_for("a&quot;b\\"));
}

}  // namespace keyswap::flow
