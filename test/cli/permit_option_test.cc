// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/permit_option.h"

#include <catch2/catch.hpp>

#include "ca/authority.h"
#include "proxy/cli/policy.h"
#include "vault/secret.h"

namespace keyswap::cli {

namespace {

std::string ca_for(const std::string& list) {
  REQUIRE(vault::lock_memory());
  auto permitted = PermitOption{list}.parse();
  REQUIRE(static_cast<bool>(permitted));
  const auto made = ca::create_authority(1'800'000'000, permitted.value());
  REQUIRE(made);
  return made->certificate_pem;
}

std::string failure_of(const std::string& list) {
  const auto permitted = PermitOption{list}.parse();
  REQUIRE_FALSE(static_cast<bool>(permitted));
  CHECK(permitted.failure().exit == Exit::usage);
  return permitted.failure().what;
}

bindings::Parsed bound_to(const std::string& host, const std::string& more = "") {
  auto parsed = parse_bindings(
      "version: 1\nsecrets:\n  A:\n    placeholder: \"PLACEHOLDER-A-0123456789abcdef\"\n"
      "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
      "    bindings:\n      - { host: \"" +
          host + "\", methods: [GET], paths: [\"/v1/**\"] }\n" + more,
      "/etc/keyswap");
  REQUIRE(parsed.errors.empty());
  return parsed;
}

std::size_t warnings_of(const std::string& host, const std::string& ca_pem) {
  auto parsed = bound_to(host);
  const std::size_t before = parsed.warnings.size();
  warn_of_hosts_not_permitted(parsed, ca_pem);
  return parsed.warnings.size() - before;
}

}  // namespace

TEST_CASE("what a CA may name is shown as it was asked for") {
  CHECK(permitted_text(ca_for("")) == "every host");
  CHECK(permitted_text(ca_for("Example.com,10.0.0.0/8")) == "example.com,10.0.0.0/8");
}

TEST_CASE("a list with a mistake says which entry, and a network needs a name beside it") {
  CHECK(failure_of("a.test,*.b.test") == "--permit: entry 2 is no host name, address or network");
  CHECK(failure_of("10.0.0.0/8").find("at least one host name") != std::string::npos);
}

TEST_CASE("hosts of the bindings that the CA may not name are warned of, each once", "[I11]") {
  const std::string ca = ca_for("example.com");
  CHECK(warnings_of("api.example.com", ca) == 0);
  CHECK(warnings_of("example.com", ca) == 0);
  CHECK(warnings_of("other.test", ca) == 1);
  CHECK(warnings_of("other.test", ca_for("")) == 0);
  CHECK(warnings_of("other.test", "") == 0);
  auto captured =
      bound_to("api.example.com",
               "    capture: [ { host: login.test, paths: [/t], json_pointer: /access_token } ]\n");
  warn_of_hosts_not_permitted(captured, ca);
  CHECK(captured.warnings.back().text.starts_with("the CA may not name login.test"));
}

}  // namespace keyswap::cli
