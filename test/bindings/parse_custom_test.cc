// SPDX-License-Identifier: Apache-2.0
//
// `custom:` (bindings/parse_custom.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using Catch::Matchers::Contains;
using test::accepted;
using test::at_host;
using test::errors_of;

namespace {

std::string service(const std::string& rest, const std::string& top = "") {
  return top + "custom:\n  github: { " + rest + " }\n";
}

const std::string kLeast = "base_url: https://api.github.com, credential: GITHUB_TOKEN";

std::string with(const std::string& rest) {
  return service(kLeast + ", " + rest);
}

std::string url(const std::string& text) {
  return service("base_url: \"" + text + "\", credential: T");
}

}  // namespace

TEST_CASE("F32: a custom service is its base URL, header, prefix and credential") {
  const auto bindings = accepted(
      "custom:\n"
      "  github: { base_url: https://api.github.com, credential: GITHUB_TOKEN, auth_header: "
      "Authorization, auth_value_prefix: \"Bearer \",\n"
      "            blocked_endpoints: [\"DELETE /repos/*\", \"put /repos/*/admin/*\"],\n"
      "            rate_limit: 100, rate_limit_window_seconds: 60 }\n"
      "  tickets: { base_url: \"https://tickets.example.com:8443/api/v2/\", credential: TICKETS, "
      "auth_header: X-Api-Key, auth_value_prefix: \"\" }\n");
  REQUIRE(bindings.rules.size() == 2);
  const auto& github = bindings.rules[0];
  CHECK(github.kind == RuleKind::custom);
  CHECK(github.custom_name == "github");
  CHECK(github.name.text() == "GITHUB_TOKEN");
  CHECK(github.placeholder.empty());
  CHECK(github.placement().name() == "authorization");
  CHECK(test::render(github, {"s3cret"}).text == "Bearer s3cret");
  REQUIRE(github.scopes.size() == 1);
  const auto& scope = github.scopes[0];
  CHECK(scope.host.host == "api.github.com");
  CHECK(scope.port == 443);
  CHECK(scope.base_path.empty());
  REQUIRE(scope.blocked.size() == 2);
  CHECK(scope.blocked[1].method == "PUT");
  CHECK(scope.blocked[1].path == "/repos/*/admin/*");
  REQUIRE(scope.rate_limit);
  CHECK(scope.rate_limit->requests == 100);
  CHECK(scope.rate_limit->per_ms == 60'000);

  const auto& tickets = bindings.rules[1];
  CHECK(tickets.placement().name() == "x-api-key");
  CHECK(test::render(tickets, {"s3cret"}).text == "s3cret");
  CHECK(tickets.scopes[0].port == 8443);
  CHECK(tickets.scopes[0].base_path == "/api/v2");
  CHECK_FALSE(tickets.scopes[0].rate_limit);

  REQUIRE(bindings.find_route("custom/tickets") != nullptr);
  CHECK(bindings.find_route("custom/tickets")->rule == 1);
  CHECK(bindings.find_route("proxy/tickets") == nullptr);
}

TEST_CASE("A custom service without header and prefix uses a bearer token") {
  const auto bindings = accepted(service(kLeast));
  CHECK(test::render(bindings.rules[0], {"v"}).text == "Bearer v");
  CHECK(bindings.rules[0].placement().name() == "authorization");
}

TEST_CASE("F35: a rate limit of 0 is none") {
  CHECK_FALSE(accepted(with("rate_limit: 0")).rules[0].scopes[0].rate_limit);
  const auto bindings = accepted(with("rate_limit: 3"));
  REQUIRE(bindings.rules[0].scopes[0].rate_limit);
  CHECK(bindings.rules[0].scopes[0].rate_limit->per_ms == 3'600'000);
  CHECK_THAT(errors_of(with("rate_limit: -1")), Contains("`rate_limit` must be a number"));
  CHECK_THAT(errors_of(with("rate_limit: 1, rate_limit_window_seconds: 0")),
             Contains("`rate_limit_window_seconds` must be a number"));
  CHECK_THAT(errors_of(with("rate_limit_window_seconds: 5")), Contains("limits nothing"));
}

TEST_CASE("A custom service is never reached over plain http [I5]") {
  CHECK_THAT(errors_of(url("http://api.example.com")), Contains("must begin with https://"));
  CHECK_THAT(errors_of(url("api.example.com")), Contains("must begin with https://"));
  CHECK(accepted(url("HTTPS://API.example.com")).rules[0].scopes[0].host.host == "api.example.com");
}

TEST_CASE("A base URL is one plain host and a plain path") {
  CHECK_THAT(errors_of(url("https://*.example.com")), Contains("must name one host"));
  CHECK_FALSE(errors_of(url("https://user@a.example.com")).empty());
  CHECK_FALSE(errors_of(url("https://")).empty());
  for (const std::string path : {"/a?b=c", "/a#b", "/a/../b", "/a%2fb", "/a//b", "/*", "/a;b"}) {
    INFO(path);
    CHECK_THAT(errors_of(url("https://a.example.com" + path)), Contains("must be plain"));
  }
}

TEST_CASE("A custom service's requests stay below its base path in every reading") {
  const auto bindings = accepted(url("https://a.example.com/v2"));
  const auto match = [&](const std::string& target) {
    return bindings.match(0, at_host("a.example.com"), {"GET", target}) == Match::matched;
  };
  CHECK(match("/v2"));
  CHECK(match("/v2/"));
  CHECK(match("/v2/users/1?x=/../y"));
  CHECK_FALSE(match("/v2/../admin"));
  CHECK_FALSE(match("/v2/..%2fadmin"));
  CHECK_FALSE(match("/v2/x\\..\\..\\admin"));
  CHECK_FALSE(match("/v22"));
  CHECK_FALSE(match("/"));
}

TEST_CASE("A custom service's credential is never called for by a placeholder [I2]") {
  const auto bindings = accepted(service(kLeast));
  std::vector<std::uint32_t> found;
  bindings.find_placeholders(std::string(64, 'x'), found);
  bindings.find_placeholders("", found);
  CHECK(found.empty());
}

TEST_CASE("What is wrong with a custom service is said at its place") {
  CHECK_THAT(errors_of("custom:\n  Git Hub: { " + kLeast + " }\n"),
             Contains("2:3 `custom`: this is no name"));
  CHECK_THAT(errors_of(service("credential: T")), Contains("`base_url` is missing"));
  CHECK_THAT(errors_of(service("base_url: https://a.example.com")),
             Contains("`credential` is missing"));
  CHECK_THAT(errors_of(with("credentials: X")), Contains("did you mean 'credential'?"));
  CHECK_THAT(errors_of(with("auth_header: Host")),
             Contains("the header host cannot carry a credential"));
  CHECK_THAT(errors_of(with("auth_header: Keyswap-Caller")),
             Contains("the header keyswap-caller cannot carry a credential"));
  CHECK_THAT(errors_of(with("auth_value_prefix: \"{secret}\"")), Contains("without braces"));
  CHECK_THAT(errors_of(with("auth_value_prefix: \" x\"")),
             Contains("does not begin a header's value"));
  CHECK_THAT(errors_of(with("blocked_endpoints: [\"/repos/*\"]")),
             Contains("is a method and a path"));
  CHECK_THAT(errors_of(with("blocked_endpoints: [\"GET repos\"]")),
             Contains("is a method and a path"));
  CHECK_THAT(errors_of(with("callers: [ci]")), Contains("not in the file's list of callers"));
  CHECK_THAT(errors_of("custom: [a]\n"), Contains("`custom` must be a mapping"));
}

TEST_CASE("addresses that a custom service allows are dialled for that service alone", "[I12]") {
  const auto bindings = accepted(
      "custom:\n  inner: { base_url: https://10.1.2.3, credential: T, allow_addresses: "
      "[10.0.0.0/8] }\n"
      "  other: { base_url: https://10.1.2.3, credential: T }\n");
  CHECK(bindings.allowed_addresses(at_host("10.1.2.3"), "inner").size() == 1);
  CHECK(bindings.allowed_addresses(at_host("10.1.2.3"), "other").empty());
  CHECK(bindings.allowed_addresses(at_host("10.1.2.3")).empty());
  CHECK(bindings.allowed_addresses(at_host("10.1.2.4"), "inner").empty());
}

TEST_CASE("A custom service's host is not decrypted for whoever forwards to it") {
  const auto bindings = accepted(service(kLeast + ", allow_addresses: [10.0.0.0/8]"));
  CHECK_FALSE(bindings.binds(at_host("api.github.com")));
  CHECK(bindings.allowed_addresses(at_host("api.github.com")).empty());
  const auto both = accepted(service(kLeast,
                                     "secrets:\n  K:\n    placeholder: \"" + test::kPlaceholder +
                                         "\"\n    inject: { header: A, format: \"{secret}\" }\n    "
                                         "bindings: [ { host: api.github.com } ]\n"));
  CHECK(both.binds(at_host("api.github.com")));
}

TEST_CASE("Two custom services may share a credential") {
  const auto bindings = accepted("custom:\n  a: { " + kLeast + " }\n  b: { " + kLeast + " }\n");
  CHECK(bindings.rules.size() == 2);
}

TEST_CASE("A file needs no secrets besides custom services, but something") {
  CHECK_THAT(errors_of("version: 1\n"), Contains("`secrets` is missing"));
}

}  // namespace keyswap::bindings
