// SPDX-License-Identifier: Apache-2.0
#include "bindings/binding.h"

#include <catch2/catch.hpp>

#include "test/bindings/sample_kinds.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::at_host;
using test::match_of;
using test::with_binding;

namespace {

constexpr auto kMatched = Match::matched;
constexpr auto kOutOfScope = Match::out_of_scope;
constexpr auto kElsewhere = Match::other_destination;

Bindings scoped(const std::string& scope) {
  return accepted(with_binding("{ host: api.example.com, " + scope + " }"));
}

Bindings bound_to(const std::string& host) {
  return accepted(with_binding("{ host: \"" + host + "\" }", "allow_wildcard_hosts: true\n"));
}

std::string two_secrets(const std::string& first_binding, const std::string& second_binding) {
  return "secrets:\n"
         "  K:\n"
         "    placeholder: sk-PLACEHOLDER-first-0123456789\n"
         "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
         "    bindings: [ " +
         first_binding +
         " ]\n"
         "  K2:\n"
         "    placeholder: sk-PLACEHOLDER-second-0123456789\n"
         "    inject: { header: x-api-key, format: \"{secret}\" }\n"
         "    bindings: [ " +
         second_binding + " ]\n";
}

}  // namespace

TEST_CASE("B01 B02 only the methods of a binding are in its scope", "[I5]") {
  const auto bindings = scoped("methods: [GET]");
  CHECK(match_of(bindings, "GET", "/x") == kMatched);
  CHECK(match_of(bindings, "POST", "/x") == kOutOfScope);
  CHECK(match_of(bindings, "HEAD", "/x") == kOutOfScope);
  CHECK(match_of(bindings, "get", "/x") == kOutOfScope);
}

TEST_CASE("B04 B05 B15 paths are judged without their query", "[I5]") {
  const auto repos = scoped("paths: [/repos/**]");
  CHECK(match_of(repos, "GET", "/repos/a/b/c") == kMatched);
  CHECK(match_of(repos, "GET", "/repos/a?x=/../..%2f") == kMatched);
  CHECK(match_of(repos, "GET", "/user/keys?token=x") == kOutOfScope);
  CHECK(match_of(scoped("paths: [/v1/**]"), "GET", "/admin?x=/v1/") == kOutOfScope);
}

TEST_CASE("B16 B17 B18 B20 a path is judged in every reading", "[I5]") {
  const auto bindings = scoped("paths: [/v1/**]");
  const auto* const target = GENERATE("/v1/../admin",
                                      "/v1/%2e%2e/admin",
                                      "/v1/..%2fadmin",
                                      "/v1/%2e%2e%2fadmin",
                                      "/v1/%252e%252e/admin?x=1",
                                      "//v1/x",
                                      "/./v1/x");
  INFO(target);
  CHECK(match_of(bindings, "GET", target) == kOutOfScope);
}

TEST_CASE("one pattern must match in all readings, not one for each", "[I5]") {
  CHECK(match_of(scoped("paths: [/v1/**, /v2/**]"), "GET", "/v1/../v2/x") == kOutOfScope);
}

TEST_CASE("B22 any binding whose host, method and path all match allows") {
  const auto bindings =
      accepted(with_binding("{ host: api.example.com, methods: [GET], paths: [/a] }, "
                            "{ host: api.example.com, methods: [POST], paths: [/b] }"));
  CHECK(match_of(bindings, "GET", "/a") == kMatched);
  CHECK(match_of(bindings, "POST", "/b") == kMatched);
  CHECK(match_of(bindings, "POST", "/a") == kOutOfScope);
  CHECK(match_of(bindings, "GET", "/b") == kOutOfScope);
}

TEST_CASE("B24 B25 B26 a wildcard stands for exactly one more label, in any case") {
  const auto bindings = bound_to("*.ex.com");
  CHECK(match_of(bindings, "GET", "/", "a.ex.com") == kMatched);
  CHECK(match_of(bindings, "GET", "/", "A.EX.com") == kMatched);
  CHECK(bindings.binds(at_host("A.EX.com")));
  const auto* const host =
      GENERATE("ex.com", "a.b.ex.com", "aex.com", "a.ex.com.evil.net", "com", "a.ex.co");
  INFO(host);
  CHECK(match_of(bindings, "GET", "/", host) == kElsewhere);
  CHECK_FALSE(bindings.binds(at_host(host)));
}

TEST_CASE("B27 a host never matches by the end of a label") {
  const auto bindings = bound_to("ex.com");
  const auto* const host = GENERATE("evil-ex.com", "ex.com.evil.net", "a.ex.com", "x.com", "ex.co");
  INFO(host);
  CHECK_FALSE(bindings.binds(at_host(host)));
  CHECK(match_of(bindings, "GET", "/", host) == kElsewhere);
}

TEST_CASE("B29 a trailing dot makes no other host") {
  CHECK(bound_to("ex.com.").binds(at_host("ex.com")));
  CHECK(bound_to("ex.com").binds(at_host("EX.com.")));
}

TEST_CASE("B30 a binding without a port is for 443 alone") {
  const auto bindings = bound_to("ex.com");
  CHECK(bindings.binds(at_host("ex.com", 443)));
  CHECK_FALSE(bindings.binds(at_host("ex.com", 8443)));
  CHECK(bindings.match(0, at_host("ex.com", 8443), {"GET", "/"}) == kElsewhere);
  const auto other = bound_to("ex.com:8443");
  CHECK(other.binds(at_host("ex.com", 8443)));
  CHECK_FALSE(other.binds(at_host("ex.com", 443)));
}

TEST_CASE("B31 B33 B34 B35 B36 a git scope covers both phases of its service and no other") {
  const auto bindings = scoped("paths: [/**/git-upload-pack]");
  CHECK(match_of(bindings, "GET", "/o/r.git/info/refs?service=git-upload-pack") == kMatched);
  CHECK(match_of(bindings, "POST", "/o/r.git/git-upload-pack") == kMatched);
  CHECK(match_of(bindings, "POST", "/o/r.git/git-receive-pack") == kOutOfScope);
  CHECK(match_of(bindings, "GET", "/o/r.git/info/refs?service=git-receive-pack") == kOutOfScope);
  CHECK(match_of(bindings, "GET", "/o/r.git/info/refs") == kOutOfScope);
  CHECK(match_of(bindings, "GET", "/o/r.git/info/refs?service=git-other") == kOutOfScope);
  CHECK(match_of(bindings,
                 "GET",
                 "/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack") ==
        kOutOfScope);
  CHECK(match_of(scoped("paths: [/o/**]"), "GET", "/o/../x/info/refs?service=git-upload-pack") ==
        kOutOfScope);
}

TEST_CASE("B39 an international host is bound by its A-labels") {
  const auto bindings = bound_to(
      "b\xC3\xBC"
      "cher.example");
  CHECK(bindings.binds(at_host("xn--bcher-kva.example")));
  CHECK(match_of(bindings, "GET", "/", "xn--bcher-kva.example") == kMatched);
}

TEST_CASE("B40 an address is bound only by itself, and dialled inside only where that is allowed") {
  const auto bindings = bound_to("192.0.2.7");
  CHECK(bindings.binds(at_host("192.0.2.7")));
  CHECK_FALSE(bindings.binds(at_host("192.0.2.8")));
  CHECK(bindings.allowed_addresses(at_host("192.0.2.7")).empty());
  const auto six = bound_to("[2001:DB8::1]:443");
  CHECK(six.binds(at_host("2001:db8:0::1")));
}

TEST_CASE("D01 D02 a placeholder bound elsewhere is found and does not match here") {
  const auto bindings =
      accepted(two_secrets("{ host: one.example.com }", "{ host: two.example.com }"));
  std::vector<std::uint32_t> found;
  bindings.find_placeholders("Bearer sk-PLACEHOLDER-first-0123456789", found);
  REQUIRE(found == std::vector<std::uint32_t>{0});
  CHECK(bindings.match(0, at_host("one.example.com"), {"GET", "/"}) == kMatched);
  CHECK(bindings.match(0, at_host("two.example.com"), {"GET", "/"}) == kElsewhere);
}

TEST_CASE("D03 two placeholders in one value are both found") {
  const auto bindings =
      accepted(two_secrets("{ host: one.example.com }", "{ host: one.example.com }"));
  std::vector<std::uint32_t> found;
  bindings.find_placeholders("sk-PLACEHOLDER-second-0123456789,sk-PLACEHOLDER-first-0123456789",
                             found);
  CHECK(found == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("addresses that bindings allow are those of every binding that names the host and port",
          "[I12]") {
  const auto bindings = accepted(
      "allow_wildcard_hosts: true\n" +
      two_secrets("{ host: one.example.com, allow_addresses: [10.0.0.0/8] }",
                  "{ host: \"*.example.com\", allow_addresses: [\"fd00::/8\", 127.0.0.1] }, "
                  "{ host: one.example.com, port: 8443, allow_addresses: [192.168.0.0/16] }"));
  const auto ranges = bindings.allowed_addresses(at_host("one.example.com"));
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[0].address == "10.0.0.0");
  CHECK(ranges[0].prefix_bits == 8);
  CHECK(ranges[1].address == "fd00::");
  CHECK(ranges[1].prefix_bits == 8);
  CHECK(ranges[2].address == "127.0.0.1");
  CHECK(ranges[2].prefix_bits == 32);
  CHECK(bindings.allowed_addresses(at_host("one.example.com", 8443)).size() == 1);
  CHECK(bindings.allowed_addresses(at_host("two.example.com")).size() == 2);
  CHECK(bindings.allowed_addresses(at_host("elsewhere.test")).empty());
}

TEST_CASE("bindings without secrets bind nothing") {
  const auto bindings = accepted("version: 1\nsecrets: {}\n");
  CHECK_FALSE(bindings.binds(at_host("ex.com")));
  CHECK(bindings.allowed_addresses(at_host("ex.com")).empty());
  std::vector<std::uint32_t> found;
  bindings.find_placeholders(std::string(100, 'a'), found);
  CHECK(found.empty());
}

TEST_CASE("a wildcard never matches an address") {
  Bindings bindings;
  bindings.rules.emplace_back();
  bindings.rules[0].placeholder = test::kPlaceholder;
  bindings.rules[0].scopes.emplace_back();
  bindings.rules[0].scopes[0].host = {"0.2.7", true};
  bindings.build_index();
  CHECK_FALSE(bindings.binds(at_host("192.0.2.7")));
}

TEST_CASE("a honeytoken has no place, and is asked for none", "[I2]") {
  const auto bindings =
      accepted("secrets:\n  BAIT:\n    honeytoken: true\n    placeholder: " + test::kPlaceholder +
               "\n  K:\n    placeholder: other-PLACEHOLDER-0123456789abcdef\n"
               "    inject: { header: X-Key, format: \"{secret}\", require: true }\n"
               "    bindings: [ { host: api.example.com, blocked: [\"DELETE /*\"] } ]\n");
  const auto& bait = bindings.rules.at(0);
  REQUIRE(bait.places.empty());
  CHECK(bait.needs().empty());
  CHECK(bait.signer() == nullptr);
  CHECK(bait.messages() == nullptr);
  CHECK_FALSE(bait.has_place_in_body());
  CHECK(bait.stand_in() == test::kPlaceholder);
  const auto host = at_host("api.example.com");
  const http::HeaderList none;
  CHECK(bindings.match(0, host, {"GET", "/"}) == Match::other_destination);
  CHECK(bindings.rules_binding(host) == std::vector<std::uint32_t>{1});
  CHECK(bindings.forbidding_rule(host, {"DELETE", "/x", none}) == 1U);
  CHECK_FALSE(bindings.forbidding_rule(host, {"GET", "/x", none}));
  CHECK(bindings.missing_rule(host, {"GET", "/x", none}, {}) == 1U);
  CHECK(bindings.websocket_scopes(host, {"GET", "/"}).empty());
  CHECK_FALSE(bindings.may_go_together(0, 1));
}

TEST_CASE("the vault of this machine needs what comes from nowhere else, and what opens sources") {
  const auto parsed = parse(
      "sources:\n"
      "  far: { type: remote, address: a, token: OPENER }\n"
      "  near: { type: local }\n"
      "  sealed: { type: transit }\n"
      "secrets:\n"
      "  A: { placeholder: a-PLACEHOLDER-0123456789abcdef, source: far,\n"
      "       inject: { header: A, format: \"{secret}\" }, bindings: [ { host: a.example } ] }\n"
      "  B: { placeholder: b-PLACEHOLDER-0123456789abcdef, source: near, key: OTHER,\n"
      "       inject: { header: A, format: \"{secret}\" }, bindings: [ { host: b.example } ] }\n"
      "  C: { placeholder: c-PLACEHOLDER-0123456789abcdef,\n"
      "       inject: { header: A, format: \"{secret}\" }, bindings: [ { host: c.example } ] }\n"
      "  D: { placeholder: d-PLACEHOLDER-0123456789abcdef, source: sealed, key: ROW,\n"
      "       inject: { header: A, format: \"{secret}\" }, bindings: [ { host: d.example } ] }\n",
      test::kFolder,
      {},
      test::kKinds);
  REQUIRE(test::listed(parsed.errors).empty());
  std::vector<std::string> names;
  for (const vault::SecretName& name : parsed.bindings.own_entries()) {
    names.push_back(name.text());
  }
  CHECK(names == std::vector<std::string>{"C", "OPENER", "OTHER", "ROW"});
  CHECK(parsed.bindings.is_elsewhere(*vault::SecretName::parse("A")));
  CHECK(parsed.bindings.is_elsewhere(*vault::SecretName::parse("D")));
  CHECK_FALSE(parsed.bindings.is_elsewhere(*vault::SecretName::parse("B")));
  CHECK_FALSE(parsed.bindings.is_elsewhere(*vault::SecretName::parse("C")));
}

}  // namespace keyswap::bindings
