// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/destination_guard.h"

#include <string>

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

std::string yaml(const std::string& upstream) {
  return "version: 1\n" + upstream + R"(
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.com }
      - { host: inside.corp, allow_addresses: [10.1.0.0/16] }
      - { host: metadata.google.internal, allow_addresses: [10.1.0.0/16] }
custom:
  svc: { base_url: "https://own.lan", credential: CS, allow_addresses: [10.2.0.0/16] }
)";
}

AddressVerdict judge(const std::string& host,
                     const std::string& upstream = "",
                     const std::string& custom_service = "") {
  const auto bindings = test::bindings_of(yaml(upstream));
  const auto authority = http::parse_host(host, 443);
  REQUIRE(authority);
  return judge_unresolved(*bindings, {Protocol::https, *authority, custom_service});
}

}  // namespace

TEST_CASE("a destination is judged by its name or its literal address before it is looked up",
          "[I12]") {
  CHECK(judge("api.example.com") == AddressVerdict::allowed);
  CHECK(judge("8.8.8.8") == AddressVerdict::allowed);
  CHECK(judge("wiki.corp") == AddressVerdict::not_public);
  CHECK(judge("localhost") == AddressVerdict::not_public);
  CHECK(judge("127.0.0.1") == AddressVerdict::not_public);
  CHECK(judge("[::1]") == AddressVerdict::not_public);
  CHECK(judge("169.254.169.254") == AddressVerdict::metadata);
}

TEST_CASE("what the bindings let through is let through, but no metadata service", "[I12]") {
  CHECK(judge("inside.corp") == AddressVerdict::allowed);
  CHECK(judge("metadata.google.internal") == AddressVerdict::metadata);
  CHECK(judge("wiki.corp", R"(upstream: { resolve: { "wiki.corp:443": "127.0.0.1:1" } })") ==
        AddressVerdict::allowed);
}

TEST_CASE("a custom service's addresses are open on its own route alone", "[I12]") {
  CHECK(judge("own.lan") == AddressVerdict::not_public);
  CHECK(judge("own.lan", "", "svc") == AddressVerdict::allowed);
}

TEST_CASE("where nobody here looks a name up, the address that it spells counts", "[I12]") {
  const std::string name = "10.0.0.1.nip.io";
  CHECK(judge(name) == AddressVerdict::allowed);
  CHECK(judge(name, R"(upstream: { proxy: { url: "http://p.example.com:1", guard: names } })") ==
        AddressVerdict::not_public);
  CHECK(judge(name, R"(upstream: { proxy: "http://p.example.com:1" })") == AddressVerdict::allowed);
}

}  // namespace keyswap::flow
