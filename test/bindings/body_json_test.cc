// SPDX-License-Identifier: Apache-2.0
#include "bindings/body_json.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

bool is_read(const std::string& body, const std::string& type = "application/json") {
  return read_body_json(type, body).has_value();
}

std::string type_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::HeaderList list;
  for (const auto& [name, value] : fields) {
    list.add(name, value);
  }
  const auto type = read_body_type(list);
  return type ? *type : "!";
}

}  // namespace

TEST_CASE("a body is JSON that no server can read as another") {
  CHECK(is_read(R"({"a":[1,"x\n\u0001\u007f",null],"b":{}})"));
  CHECK(is_read("[]", "application/vnd.api+json"));
  CHECK_FALSE(is_read("{}", "text/plain"));
  for (const std::string& body : {std::string(R"({"a":1,"a":2})"),
                                  std::string(R"({"a":1,"A":2})"),
                                  std::string(R"({"a":1,"\u0061":2})"),
                                  std::string("\xEF\xBB\xBF{}"),
                                  std::string("{}{}"),
                                  std::string("{} x"),
                                  std::string("{}\0", 3),
                                  std::string("{\0}\0", 4),
                                  std::string("{\"a\":\"x\0y\"}", 11),
                                  std::string(R"({"a":"x\u0000y"})"),
                                  std::string("{\"a\":\"x\ny\"}"),
                                  std::string(R"({"a":"\ud800"})"),
                                  std::string("{\"a\":\"\xFF\"}"),
                                  std::string("{'a':1}"),
                                  std::string("{a:1}"),
                                  std::string("{\"a\":1,}"),
                                  std::string("{\"a\":01}"),
                                  std::string("{\"a\":NaN}"),
                                  std::string("{/**/}"),
                                  std::string(),
                                  std::string(65, '[') + std::string(65, ']')}) {
    INFO(body);
    CHECK_FALSE(is_read(body));
  }
  CHECK(is_read(std::string(64, '[') + std::string(64, ']')));
}

TEST_CASE("what a body is, is said once, plainly, and the body is not coded") {
  CHECK(type_of({{"Content-Type", "Application/JSON; charset=UTF-8"}}) == "application/json");
  CHECK(type_of({{"Content-Type", "application/json;charset=\"utf-8\""},
                 {"Content-Encoding", "identity"}}) == "application/json");
  CHECK(type_of({{"Content-Type", "application/json; charset=utf-16"}}) == "!");
  CHECK(type_of({{"Content-Type", "application/json; charset*=utf-8''utf-7"}}) == "!");
  CHECK(type_of({{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}) == "!");
  CHECK(type_of({{"Content-Type", "application/json"}, {"content-type", "text/plain"}}) == "!");
  CHECK(type_of({{"Content-Type", "application/json"}, {"Content_Encoding", "gzip"}}) == "!");
  CHECK(type_of({{"Content-Type", "application/json"}, {"Content_Type", "text/plain"}}) == "!");
  CHECK(type_of({{"Content_Type", "application/json"}}) == "!");
  CHECK(type_of({{"Content-Type", "text/plain, application/json"}}) == "!");
  CHECK(type_of({{"Content-Type", "application/x-www-form-urlencoded+json"}}) == "!");
  CHECK(type_of({{"Content-Type", "multipart/mixed+json"}}) == "!");
  CHECK(type_of({}) == "!");
}

TEST_CASE("a name that some server takes for another is not clear") {
  const auto find = [](const std::string& body, const std::string& name) {
    const auto object = read_body_json("application/json", body);
    REQUIRE(object);
    const auto found = find_member(*object, name);
    return !found ? std::string("!") : *found == nullptr ? "none" : (*found)->text;
  };
  CHECK(find(R"({"task":"1"})", "task") == "1");
  CHECK(find(R"({"other":"1"})", "task") == "none");
  CHECK(find("[]", "task") == "none");
  CHECK(find(R"({"Task":"1"})", "task") == "!");
  CHECK(find("{\"ta\xC5\xBFk\":\"1\"}", "task") == "!");
  CHECK(find("{\"task\":\"1\",\"tas\xE2\x84\xAA\":\"2\"}", "task") == "!");
  CHECK(find("{\"l\xC4\xB1st\":\"1\"}", "list") == "!");
  CHECK(find(R"({"maxTokens":"1"})", "max_tokens") == "!");
  CHECK(find(R"({"max-tokens":"1","max_tokens":"2"})", "max_tokens") == "!");
  CHECK(may_be_same_name("A\xC3\xA9", "a\xC3\x89"));
  CHECK(may_be_same_name("__a-B", "ab_"));
  CHECK_FALSE(may_be_same_name("a", "ab"));
  CHECK_FALSE(may_be_same_name("ab", "a"));
  CHECK_FALSE(may_be_same_name("", "a"));
}

}  // namespace keyswap::bindings
