// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/caller_choice.h"

#include <catch2/catch.hpp>

#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

const std::string kToken = "kswc_ci." + std::string(43, 'A');

bindings::Bindings listing(std::vector<std::string> callers) {
  bindings::Bindings bindings;
  bindings.callers = std::move(callers);
  return bindings;
}

std::string problem(const CallerChoice& choice,
                    const std::string& token,
                    std::vector<std::string> callers) {
  const auto found = check_caller_token(choice, token, listing(std::move(callers)));
  if (!found) {
    return "";
  }
  CHECK(found->exit == Exit::usage);
  CHECK(found->what.find("kswc_") == std::string::npos);
  CHECK(found->hint.find("kswc_") == std::string::npos);
  return found->what;
}

}  // namespace

TEST_CASE("a command comes as the caller whose token it is given") {
  CHECK(problem({}, kToken, {"ci"}).empty());
  CHECK(problem({"ci", ""}, kToken, {"agent", "ci"}).empty());
  CHECK(problem({}, kToken, {}).empty());
  CHECK(problem({}, "", {}).empty());
}

TEST_CASE("a token is asked for where one is needed, and never made up") {
  CHECK(problem({}, "", {"ci"}) == "the bindings list callers, and no caller's token is given");
  CHECK(problem({"ci", ""}, "", {}) == "there is no token for the caller ci");
}

TEST_CASE("a token that would be refused later is refused now") {
  CHECK(problem({}, "hunter2", {"ci"}) == "what is given is no caller's token (it is not shown)");
  CHECK(problem({"agent", ""}, kToken, {"agent", "ci"}) ==
        "the token is that of the caller ci, not of agent");
  CHECK(problem({}, kToken, {"agent"}) == "the bindings do not list the caller ci");
}

TEST_CASE("the token's file may end in a newline") {
  const test::TempHome home;
  auto token = read_caller_token({"", home.put("token", kToken + "\n")});
  REQUIRE(token);
  CHECK(token.value() == kToken);
  CHECK_FALSE(read_caller_token({"", home.path() + "/none"}));
}

}  // namespace keyswap::cli
