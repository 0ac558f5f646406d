// SPDX-License-Identifier: Apache-2.0
//
// The scheme `mexc` (bindings/schemes/mexc.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;
using test::kFormField;

const std::string kInject = "{ type: mexc, api_key: KEY, api_secret: SECRET }";

// mexcdevelop.github.io/apidocs/spot_v3_en, "SIGNED Endpoint Examples": the key, the secret, and
// examples 2 (all in one place) and 3 (in two).
const std::vector<std::string> kKeys = {"mx0aBYs33eIilxBWC5", "45d0b3c26f2644f19bfb98b07741b2f5"};
const std::string kFirst = "symbol=BTCUSDT&side=BUY&type=LIMIT";
const std::string kSecond = "quantity=1&price=11&recvWindow=5000&timestamp=1644489390087";
const std::string kAll = kFirst + "&" + kSecond;
const std::string kSigned =
    "&signature=fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a";
const std::string kSignedMixed =
    "&signature=d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592";

}  // namespace

TEST_CASE("MEXC's published vector, all in the query: the client's signature is replaced") {
  const auto bindings = test::signing_with(kInject);
  const auto result =
      Case({"POST",
            "/api/v3/order?symbol=BTCUSDT&signature=00ff&side=BUY&type=LIMIT&" + kSecond,
            {{"X-MEXC-APIKEY", "p"}},
            ""})
          .sign(bindings, kKeys, 0);
  REQUIRE(result.status.has_value());
  CHECK(result.target == "/api/v3/order?" + kAll + kSigned);
  CHECK(result.fields == std::map<std::string, std::string>{{"x-mexc-apikey", kKeys[0]}});
  CHECK_FALSE(result.has_body);
}

TEST_CASE("MEXC's published vector, all in the body") {
  const auto bindings = test::signing_with(kInject);
  for (const std::string& body : {kAll, kAll + "&signature=00ff"}) {
    const auto result = Case({"POST", "/api/v3/order", {{"X-MEXC-APIKEY", "p"}, kFormField}, body})
                            .sign(bindings, kKeys, 0);
    CHECK(result.body == kAll + kSigned);
    CHECK_FALSE(result.has_target);
  }
}

TEST_CASE("MEXC's published vector in two places is signed without anything between them") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"POST",
                            "/api/v3/order?" + kFirst,
                            {{"X-MEXC-APIKEY", "p"}, kFormField},
                            kSecond + "&signature=00ff"})
                          .sign(bindings, kKeys, 0);
  CHECK(result.body == kSecond + kSignedMixed);
  CHECK_FALSE(result.has_target);
}

TEST_CASE("A MEXC client that does not sign gets a timestamp; one that does keeps its own") {
  const auto bindings = test::signing_with(kInject);
  const auto result =
      Case({"GET", "/api/v3/account", {}, ""}).sign(bindings, kKeys, 1644489390087000);
  CHECK(result.target.find("/api/v3/account?timestamp=1644489390087&signature=") == 0);
}

TEST_CASE("F22: MEXC's market data gets the key and nothing else") {
  const auto bindings = test::signing_with(kInject);
  const auto result =
      Case({"GET", "/api/v3/ticker/price?symbol=BTCUSDT", {}, ""}).sign(bindings, kKeys, 5);
  CHECK(result.fields.size() == 1);
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
}

TEST_CASE("F29: a signature or a time in two places, and other bodies, are refused for MEXC") {
  const auto bindings = test::signing_with(kInject);
  const auto is_refused = [&](const std::string& target, const std::string& body) {
    return Case({"POST", target, {kFormField}, body}).is_malformed(bindings);
  };
  CHECK(is_refused("/o?timestamp=1&timestamp=2", ""));
  CHECK(is_refused("/o?timestamp=1", "timestamp=2"));
  CHECK(is_refused("/o?signature=1", "a=1&%73ignature=2"));
  CHECK(is_refused("/o?Timestamp=1", ""));
  CHECK(Case({"POST", "/o", {{"Content-Type", "application/json"}}, "{}"}).is_malformed(bindings));
  CHECK(Case({"POST", "/o", {kFormField, {"Content-Encoding", "gzip"}}, "a=1"})
            .is_malformed(bindings));
  CHECK(Case({"GET", "/o", {{"X-MEXC-APIKEY", "a"}, {"x-mexc-apikey", "b"}}, ""})
            .is_malformed(bindings));
}

TEST_CASE("the time of a MEXC client that brings none may be the exchange's, and no other") {
  const auto bindings = test::signing_with(kInject);
  const auto follows =
      [&](const std::string& method, const std::string& target, const std::string& body = "") {
        const Case sample({method, target, {kFormField}, body});
        return bindings.rules[0].signer()->follows_upstream_clock(sample.request());
      };
  CHECK(follows("GET", "/api/v3/account"));
  CHECK(follows("POST", "/api/v3/order", kFirst));
  CHECK_FALSE(follows("GET", "/api/v3/account?timestamp=1"));
  CHECK_FALSE(follows("POST", "/api/v3/order", kAll));
  CHECK_FALSE(follows("GET", "/api/v3/ticker/price?symbol=BTCUSDT"));
}

}  // namespace keyswap::bindings
