// SPDX-License-Identifier: Apache-2.0
//
// `callers:` and `route:` (bindings/parse_access.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"
#include "test/support/fake_venue.h"

namespace keyswap::bindings {

using Catch::Matchers::Contains;
using test::accepted;
using test::errors_of;
using test::with_binding;
using test::with_top;

TEST_CASE("The file's callers are those it lists") {
  const auto bindings = accepted(with_top("callers: [ci, agent-2, my.agent_3]\n"));
  CHECK(bindings.callers == std::vector<std::string>{"ci", "agent-2", "my.agent_3"});
  CHECK(accepted(with_top("")).callers.empty());
}

TEST_CASE("A list of callers that says nothing, or one name twice, is an error with its place") {
  CHECK_THAT(errors_of(with_top("callers: []\n")), Contains("1:10 `callers` is an empty list"));
  CHECK_THAT(errors_of(with_top("callers: ci\n")), Contains("1:10 `callers` must be a list"));
  CHECK_THAT(errors_of(with_top("callers: [ci, ci]\n")), Contains("1:15 'ci' is listed twice"));
  CHECK_THAT(errors_of(with_top("callers: [\"a b\"]\n")),
             Contains("1:11 this is no name of a caller"));
  CHECK_THAT(errors_of(with_top("callers: [" + std::string(65, 'a') + "]\n")),
             Contains("this is no name of a caller"));
}

TEST_CASE("A token in the place of a caller's name is not quoted back") {
  const std::string token = "kswc_ci.not/a/name";
  CHECK_THAT(errors_of(with_top("callers: [\"" + token + "\"]\n")), !Contains("kswc_"));
}

TEST_CASE("More callers than the bound are refused") {
  std::string many = "callers: [c0";
  for (int i = 1; i <= 256; ++i) {
    many += ", c" + std::to_string(i);
  }
  CHECK_THAT(errors_of(with_top(many + "]\n")), Contains("more than 256 names"));
}

TEST_CASE("A binding's callers are among the file's") {
  const std::string top = "callers: [ci, agent]\n";
  const auto bindings = accepted(with_binding("{ host: a.example.com, callers: [agent] }", top));
  CHECK(bindings.rules[0].scopes[0].callers == std::vector<std::string>{"agent"});
  CHECK_THAT(errors_of(with_binding("{ host: a.example.com, callers: [agnet] }", top)),
             Contains("'agnet' is not in the file's list of callers"));
  CHECK_THAT(errors_of(with_binding("{ host: a.example.com, callers: [agent] }")),
             Contains("'agent' is not in the file's list of callers"));
}

TEST_CASE("A route is found by its name") {
  const auto bindings =
      accepted(with_binding("{ host: a.example.com }, { host: b.example.com, route: my-llm }"));
  const auto* const route = bindings.find_route("proxy/my-llm");
  REQUIRE(route != nullptr);
  CHECK(route->rule == 0);
  CHECK(route->scope == 1);
  CHECK(bindings.find_route("custom/my-llm") == nullptr);
  CHECK(bindings.find_route("proxy/my") == nullptr);
}

TEST_CASE("A route's name is plain, not taken, and given once") {
  const auto route = [](const std::string& name) {
    return errors_of(with_binding("{ host: a.example.com, route: \"" + name + "\" }"),
                     keyswap::test::bazaar_alone());
  };
  CHECK_THAT(route("My"), Contains("this is no name of a route"));
  CHECK_THAT(route("a/b"), Contains("this is no name of a route"));
  CHECK_THAT(route(".."), Contains("this is no name of a route"));
  for (const std::string name : {"custom", "bazaar", "proxy", "healthz"}) {
    CHECK_THAT(route(name), Contains("the name '" + name + "' is taken"));
  }
  CHECK_THAT(errors_of(with_binding(
                 "{ host: a.example.com, route: x }, { host: b.example.com, route: x }")),
             Contains("'x' is declared twice"));
}

TEST_CASE("A route leads to one host") {
  CHECK_THAT(errors_of(with_binding("{ host: \"*.example.com\", route: x }",
                                    "allow_wildcard_hosts: true\n")),
             Contains("needs one exact host"));
  CHECK_THAT(
      errors_of(with_binding("{ hosts: bazaar.quiet, route: x }"), keyswap::test::bazaar_alone()),
      Contains("needs one exact host"));
}

}  // namespace keyswap::bindings
