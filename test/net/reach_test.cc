// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/reach.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/tls/context.h"

namespace keyswap {

namespace {

const std::string kHead = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test)";
const http::Authority kDestination{"api.example.test", 443, http::HostKind::name};

std::uint64_t policies = 0;

// `scope`: what is added to the binding; `rest`: to the file.
net::Policy policy(const std::string& scope, const std::string& rest) {
  auto parsed =
      bindings::parse(kHead + scope + " } ]\n" + rest, "/nowhere", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  auto trust = tls::ClientContext::create({}, "");
  REQUIRE(trust);
  return {std::make_shared<const bindings::Bindings>(std::move(parsed.bindings)),
          *trust,
          nullptr,
          ++policies};
}

bool alike(const net::Policy& one, const net::Policy& other) {
  const bool is_alike = net::leads_alike(one, other, kDestination);
  CHECK(net::leads_alike(other, one, kDestination) == is_alike);
  return is_alike;
}

}  // namespace

TEST_CASE("I3 a policy leads elsewhere when its resolve map, proxy or allowed addresses do",
          "[I3]") {
  const auto plain = policy("", "");
  CHECK(alike(plain, plain));
  CHECK(alike(plain, policy(", paths: [\"/v1/**\"]", "")));
  const auto mapped =
      policy("", "upstream: { resolve: { \"api.example.test:443\": \"127.0.0.1:1\" } }\n");
  CHECK(!alike(plain, mapped));
  CHECK(
      !alike(mapped,
             policy("", "upstream: { resolve: { \"api.example.test:443\": \"127.0.0.1:2\" } }\n")));
  CHECK(
      alike(plain, policy("", "upstream: { resolve: { \"other.test:443\": \"127.0.0.1:1\" } }\n")));
  const auto over_proxy = policy("", "upstream: { proxy: \"http://proxy.test:3128\" }\n");
  CHECK(!alike(plain, over_proxy));
  CHECK(!alike(over_proxy, policy("", "upstream: { proxy: \"http://proxy.test:3129\" }\n")));
  CHECK(!alike(plain, policy(", allow_addresses: [\"10.0.0.0/8\"]", "")));
}

}  // namespace keyswap
