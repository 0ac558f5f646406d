// SPDX-License-Identifier: Apache-2.0
#include "bindings/config_issues.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

TEST_CASE("issues come in the order of the file") {
  ConfigIssues issues;
  issues.error({3, 1}, "c");
  issues.error({1, 9}, "b");
  issues.warning({1, 1}, "w");
  issues.add_errors({{1, 2, "a", ""}});
  const auto errors = issues.take_errors();
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].text == "a");
  CHECK(errors[1].text == "b");
  CHECK(errors[2].text == "c");
  CHECK(issues.take_warnings().size() == 1);
}

TEST_CASE("only short plain words are quoted") {
  CHECK(quoted_or("api.example.com:443", "this") == "'api.example.com:443'");
  CHECK(quoted_or("a b", "this") == "this");
  CHECK(quoted_or("", "this") == "this");
  CHECK(quoted_or("a\x1b[0m", "this") == "this");
  CHECK(quoted_or(std::string(65, 'a'), "this") == "this");
}

}  // namespace keyswap::bindings
