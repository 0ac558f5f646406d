// SPDX-License-Identifier: Apache-2.0
#include "bindings/request_readings.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

using Words = std::vector<std::string>;

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

http::HeaderList with(std::string_view name, std::string_view value) {
  http::HeaderList fields;
  fields.add(name, value);
  return fields;
}

}  // namespace

TEST_CASE("a rule for methods must allow every method that the request names", "[I5]") {
  const auto fields = with("X-HTTP-Method-Override", "delete");
  const RequestReadings request("POST", "/x", fields);
  CHECK_FALSE(request.allows_method({"POST"}));
  CHECK_FALSE(request.allows_method({"DELETE"}));
  CHECK(request.allows_method({"POST", "DELETE"}));
  CHECK(request.allows_method({}));
  CHECK(RequestReadings("POST", "/x").allows_method({"POST"}));
  CHECK_FALSE(RequestReadings("POST", "/x?_method=PUT").allows_method({"POST"}));
  CHECK_FALSE(RequestReadings("post", "/x").allows_method({"POST"}));
  const auto unclear = with("X-HTTP-Method-Override", "what is this");
  CHECK_FALSE(RequestReadings("POST", "/x", unclear).allows_method({"POST"}));
}

TEST_CASE("a blocking rule blocks any method that the request names") {
  const auto fields = with("x-method-override", "delete");
  const RequestReadings request("POST", "/x", fields);
  CHECK(request.may_be_method("POST"));
  CHECK(request.may_be_method("DELETE"));
  CHECK(request.may_be_method("*"));
  CHECK_FALSE(request.may_be_method("PUT"));
  const auto unclear = with("X-HTTP-Method", "");
  CHECK(RequestReadings("GET", "/x", unclear).may_be_method("PUT"));
  CHECK(RequestReadings("POST", "/x", with("a", "b"), "_method=PUT").may_be_method("PUT"));
}

TEST_CASE("what follows a question in the path is a query in one reading") {
  CHECK(RequestReadings("POST", "/x%3f_method=DELETE").may_be_method("DELETE"));
  CHECK(RequestReadings("POST", "/x%253f_method=DELETE").may_be_method("DELETE"));
  CHECK_FALSE(RequestReadings("POST", "/x/_method=DELETE").may_be_method("DELETE"));
}

TEST_CASE("the paths for what blocks are in lower case, and cut at their end") {
  const RequestReadings request("GET", "/A/B%2F?q");
  REQUIRE(request.blocking_paths());
  CHECK(has(*request.blocking_paths(), "/a/b/"));
  CHECK(has(*request.blocking_paths(), "/a/b"));
  CHECK(request.path() == "/A/B%2F");
  CHECK(*RequestReadings("GET", "/").blocking_paths() == Words{"/"});
  std::string nested = "/%";
  for (int i = 0; i < 100; ++i) {
    nested += "25";
  }
  CHECK_FALSE(RequestReadings("GET", nested).blocking_paths());
  CHECK(RequestReadings("GET", nested).blocking_paths_below("/").empty());
}

TEST_CASE("the paths below a base are those of the readings that have it") {
  CHECK(RequestReadings("GET", "/V2/x").blocking_paths_below("/v2") == Words{"/x"});
  CHECK(RequestReadings("GET", "/v2").blocking_paths_below("/v2") == Words{"/"});
  CHECK(RequestReadings("GET", "/v2x/y").blocking_paths_below("/v2").empty());
  const RequestReadings request("GET", "/a/v2/%2e%2e/v2/x");
  CHECK(has(request.blocking_paths_below("/a/v2"), "/v2/x"));
  CHECK(has(request.blocking_paths_below("/a"), "/v2/x"));
  CHECK(has(RequestReadings("GET", "/v2/../v2/x").blocking_paths_below("/v2"), "/x"));
}

TEST_CASE("git's discovery is allowed by the path of its service alone") {
  const RequestReadings request("GET", "/o/r.git/info/refs?service=git-upload-pack");
  CHECK(request.is_allowed_by(PathPattern("/**/git-upload-pack")));
  CHECK_FALSE(request.is_allowed_by(PathPattern("/**/info/refs")));
}

}  // namespace keyswap::bindings
