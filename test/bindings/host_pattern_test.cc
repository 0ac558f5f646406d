// SPDX-License-Identifier: Apache-2.0
#include "bindings/host_pattern.h"

#include <catch2/catch.hpp>

namespace keyswap::bindings {

namespace {

ParsedHost parsed(std::string_view text) {
  const auto result = parse_host_pattern(text);
  REQUIRE(std::holds_alternative<ParsedHost>(result));
  return std::get<ParsedHost>(result);
}

std::string problem(std::string_view text) {
  const auto result = parse_host_pattern(text);
  return std::holds_alternative<HostProblem>(result) ? std::get<HostProblem>(result).text : "";
}

}  // namespace

TEST_CASE("hosts come in their normal form, with a port only if one was written") {
  CHECK(parsed("API.Example.com.").pattern.host == "api.example.com");
  CHECK_FALSE(parsed("api.example.com").port);
  CHECK(parsed("api.example.com:443").port == 443);
  CHECK(parsed("[2001:DB8::1]").pattern.host == "2001:db8::1");
  CHECK_FALSE(parsed("[2001:db8::1]").port);
  CHECK(parsed("[2001:db8::1]:8443").port == 8443);
  CHECK(parsed("*.Example.com").pattern.host == "example.com");
  CHECK(parsed("*.example.com").pattern.is_wildcard);
  CHECK(parsed("localhost").pattern.host == "localhost");
  CHECK(parsed("my_service.internal").pattern.host == "my_service.internal");
}

TEST_CASE("B39 international names become A-labels by IDNA 2008") {
  CHECK(parsed("b\xC3\xBC"
               "cher.example")
            .pattern.host == "xn--bcher-kva.example");
  CHECK(parsed("xn--bcher-kva.example").pattern.host == "xn--bcher-kva.example");
  CHECK(parsed("stra\xC3\x9F"
               "e.example")
            .pattern.host == "xn--strae-oqa.example");
  CHECK(parse_international_authority("b\xC3\xBC"
                                      "cher.example:443")
            ->host == "xn--bcher-kva.example");
  CHECK_FALSE(
      parse_international_authority("b\xC3\xBC"
                                    "cher.example"));
}

TEST_CASE("letters that IDNA maps into syntax make no host") {
  CHECK_FALSE(problem("ex\xE2\x80\xA5"
                      "com")
                  .empty());  // two-dot leader
  CHECK_FALSE(problem("a\xEF\xBC\x8F"
                      "b.com")
                  .empty());  // full-width slash
  CHECK_FALSE(problem("evil.com\xEF\xBC\x9A"
                      "443")
                  .empty());                                 // full-width colon
  CHECK_FALSE(problem("\xEF\xBC\x8A.example.com").empty());  // full-width asterisk
}

TEST_CASE("what is wrong with a host is said in its own words") {
  CHECK(problem("https://x.com") == "`host` is a name, not a URL");
  CHECK(problem("x.com/v1") == "`host` is a name without a path");
  CHECK(problem("a.*.com") == "`host` may have '*' only as its whole first label");
  CHECK(problem("*.com").find("public suffix") != std::string::npos);
}

}  // namespace keyswap::bindings
