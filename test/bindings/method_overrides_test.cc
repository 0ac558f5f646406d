// SPDX-License-Identifier: Apache-2.0
#include "bindings/method_overrides.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

using Methods = std::vector<std::string>;

MethodOverrides of_field(std::string_view name, std::string_view value) {
  http::HeaderList fields;
  fields.add("Accept", "*/*");
  fields.add(name, value);
  MethodOverrides found;
  read_field_overrides(fields, found);
  return found;
}

MethodOverrides of_query(std::string_view pairs) {
  MethodOverrides found;
  read_parameter_overrides(pairs, found);
  return found;
}

}  // namespace

TEST_CASE("a field names a method, in any spelling that a server takes for it") {
  const auto* const name = GENERATE("X-HTTP-Method-Override",
                                    "x-http-method-override",
                                    "X_HTTP_METHOD_OVERRIDE",
                                    "X-Http_Method-Override",
                                    "X-HTTP-Method",
                                    "X-Method-Override",
                                    "x_method_override",
                                    "_method",
                                    "_METHOD");
  INFO(name);
  CHECK(of_field(name, "DELETE").methods == Methods{"DELETE"});
  CHECK(of_field(name, "delete").methods == Methods{"DELETE"});
  CHECK(of_field(name, "GET, delete").methods == Methods{"GET", "DELETE"});
  CHECK(of_field(name, "").are_unclear);
  CHECK(of_field(name, "two words").are_unclear);
  CHECK(of_field(name, "GET,,PUT").are_unclear);
  CHECK(of_field(name, "\"DELETE\"").are_unclear);
}

TEST_CASE("other fields name no method") {
  const auto* const name = GENERATE("X-Method",
                                    "Method",
                                    "X-HTTP-Method-Overrides",
                                    "X-My-HTTP-Method",
                                    "Access-Control-Request-Method");
  CHECK(of_field(name, "DELETE").are_none());
}

TEST_CASE("a parameter names a method, in any spelling that a server takes for it") {
  const auto* const query = GENERATE("_method=DELETE",
                                     "_method=delete",
                                     "x=1&_method=DELETE",
                                     "x=1;_method=DELETE",
                                     "x=1?_method=DELETE",
                                     "_METHOD=DELETE",
                                     "%5fmethod=DELETE",
                                     "_metho%64=%44ELETE",
                                     "%255fmethod=%2544ELETE",
                                     "+_method=DELETE",
                                     "_method=+DELETE+",
                                     "_method+=DELETE",
                                     ".method=DELETE",
                                     "[method=DELETE",
                                     "_method[]=DELETE",
                                     "_method%5B0%5D=DELETE",
                                     "_method%00x=DELETE",
                                     "X-HTTP-Method-Override=DELETE",
                                     "_HttpMethod=DELETE");
  INFO(query);
  CHECK(of_query(query).methods == Methods{"DELETE"});
  CHECK_FALSE(of_query(query).are_unclear);
}

TEST_CASE("other parameters name no method") {
  const auto* const query = GENERATE("",
                                     "method=DELETE",
                                     "my_method=DELETE",
                                     "payment_method=card",
                                     "x=_method=DELETE",
                                     "_methods=DELETE",
                                     "a[_method]=DELETE");
  INFO(query);
  CHECK(of_query(query).are_none());
}

TEST_CASE("all that are named count, and what is no method is unclear") {
  CHECK(of_query("_method=PUT&_method=DELETE&_method=PUT").methods == Methods{"PUT", "DELETE"});
  CHECK(of_query("_method").are_unclear);
  CHECK(of_query("_method=").are_unclear);
  CHECK(of_query("_method=a%20b").are_unclear);
  CHECK(of_query("_method=%25252525252544").are_unclear);
  std::string many;
  for (char c = 'a'; c < 'a' + 9; ++c) {
    many += std::string("&_method=") + c;
  }
  CHECK(of_query(many).are_unclear);
  CHECK_FALSE(of_query(many.substr(0, many.size() - 10)).are_unclear);
  CHECK(of_query("_method=a,a,a,a,a,a,a,a,a").are_unclear);
  CHECK(of_query("_method=a,a,a,a,a,a,a,a").methods == Methods{"A"});
}

TEST_CASE("what is named disagrees unless it is the method itself") {
  CHECK_FALSE(of_query("_method=get").disagree_with("GET"));
  CHECK(of_query("_method=get").disagree_with("POST"));
  CHECK(of_query("_method=get&_method=put").disagree_with("GET"));
  CHECK(of_query("_method=").disagree_with("GET"));
  CHECK_FALSE(of_query("").disagree_with("GET"));
}

TEST_CASE("a body names a method as a form, and unclearly as JSON or in parts") {
  const auto of_body = [](std::string_view body) {
    MethodOverrides found;
    read_body_overrides(body, found);
    return found;
  };
  CHECK(of_body("a=1&_method=delete").methods == Methods{"DELETE"});
  CHECK(of_body(R"({"_method":"DELETE"})").are_unclear);
  CHECK(
      of_body("--x\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nDELETE").are_unclear);
  CHECK(of_body(R"({"payment_method":"card"})").are_none());
  CHECK(of_body("").are_none());
}

TEST_CASE("in a body that is JSON alone a text may be about a form") {
  const std::string text = R"({"content":"POST to /posts/1?_method=delete"})";
  const auto of_body = [](const std::vector<std::string_view>& types, std::string_view body) {
    http::HeaderList fields;
    for (const auto type : types) {
      fields.add("Content-Type", type);
    }
    MethodOverrides found;
    read_body_overrides(fields, body, found);
    return found;
  };
  CHECK(of_body({"application/json"}, text).are_none());
  CHECK(of_body({"application/json; charset=utf-8"}, text).are_none());
  CHECK(of_body({"application/json"}, R"({"_method":"DELETE"})").are_unclear);
  CHECK_FALSE(of_body({}, text).are_none());
  CHECK_FALSE(of_body({"application/x-www-form-urlencoded"}, text).are_none());
  CHECK_FALSE(of_body({"application/json", "application/x-www-form-urlencoded"}, text).are_none());
  CHECK_FALSE(of_body({"application/json, multipart/form-data"}, text).are_none());
}

}  // namespace keyswap::bindings
