// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bybit` (bindings/schemes/bybit.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: bybit, api_key: KEY, api_secret: SECRET }";

std::string with_window(const std::string& window) {
  return "{ type: bybit, api_key: KEY, api_secret: SECRET, recv_window: " + window + " }";
}

// Of all examples of the vendor's two connectors: github.com/bybit-exchange/bybit.php.api,
// tests/AuthenticationTest.php, and bybit.ruby.api, spec/integration/rest_end_to_end_spec.rb.
const std::vector<std::string> kValues = {"test-key", "test-secret"};
constexpr std::int64_t kNow = 1'700'000'000'000'999;

const std::string kQuery = "category=spot&symbol=BTCUSDT";
const std::string kQuerySignature =
    "0048edf42c4979197cec265d4f090ffe6c30d7dec8782e4e6a26b51c2703cbf9";

struct Vector {
  std::string method;
  std::string target;
  std::string body;
  std::string signature;
};

const std::vector<Vector> kVectors = {
    {"GET", "/v5/market/tickers?" + kQuery, "", kQuerySignature},
    {"POST",
     "/v5/position/list",
     R"({"category":"linear","symbol":"BTCUSDT"})",
     "16378a8ca3caa3c068e2e74ef209dad5c036fec4047c7582ddcfcf13323a8275"},
    {"GET",
     "/v5/user/query-api",
     "",
     "d8d5e71d8f986368aa5c13405f059ab6adb4f41df59d2f11bb056226b63457d6"},
    {"GET",
     "/v5/account/wallet-balance?accountType=UNIFIED",
     "",
     "3f10586267639c9f3f4f5e32e491a6ef80d157db06f51eb79e4988e24f97adba"},
    {"POST",
     "/v5/order/create",
     R"({"price":"30000","timeInForce":"GTC","category":"linear","symbol":"BTCUSDT",)"
     R"("side":"Buy","orderType":"Limit","qty":"0.01"})",
     "aae80c0b052347759ce532cce2f73dac47a96738d646e3df3969bcd733a9af8e"},
};

}  // namespace

TEST_CASE("Bybit's published vectors: a query, a body, neither") {
  const auto bindings = test::signing_with(kInject);
  for (const auto& vector : kVectors) {
    INFO(vector.target);
    const auto result = Case({vector.method, vector.target, {{"X-BAPI-API-KEY", "p"}}, vector.body})
                            .sign(bindings, kValues, kNow);
    REQUIRE(result.status.has_value());
    CHECK(result.fields == std::map<std::string, std::string>{{"x-bapi-api-key", "test-key"},
                                                              {"x-bapi-timestamp", "1700000000000"},
                                                              {"x-bapi-recv-window", "5000"},
                                                              {"x-bapi-sign", vector.signature}});
    CHECK_FALSE(result.has_target);
    CHECK_FALSE(result.has_body);
  }
}

TEST_CASE("what a Bybit client had signed and timed itself is replaced; an empty query is none") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"GET",
                            "/v5/market/tickers?" + kQuery,
                            {{"X-BAPI-API-KEY", "p"},
                             {"X-BAPI-SIGN", "theirs"},
                             {"X-BAPI-TIMESTAMP", "1"},
                             {"X-BAPI-SIGN-TYPE", "2"}},
                            ""})
                          .sign(bindings, kValues, kNow);
  CHECK(result.fields.at("x-bapi-sign") == kQuerySignature);
  CHECK(result.fields.at("x-bapi-timestamp") == "1700000000000");
  CHECK(result.fields.count("x-bapi-sign-type") == 0);  // goes out as it came
  const auto empty = Case({"GET", "/v5/user/query-api?", {}, ""}).sign(bindings, kValues, kNow);
  CHECK(empty.fields.at("x-bapi-sign") == kVectors[2].signature);
  CHECK_FALSE(empty.has_target);
}

TEST_CASE("Bybit's query is signed with the escapes that it is sent with") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"GET", "/v5/order/history?cursor=a%2Cb%3D&limit=2", {}, ""})
                          .sign(bindings, kValues, kNow);
  // The formula over these bytes, computed with Python's hmac.
  CHECK(result.fields.at("x-bapi-sign") ==
        "964f1973c10e06ed9230a3c15c7122e8111b7c2228ab32c44e171d6c511b688c");
  CHECK_FALSE(result.has_target);
}

TEST_CASE("a Bybit client's own window is kept and signed; without one it gets the configured") {
  const auto bindings = test::signing_with(with_window("20000"));
  const std::string target = "/v5/market/tickers?" + kQuery;
  const auto own =
      Case({"GET", target, {{"X-BAPI-RECV-WINDOW", "1000"}}, ""}).sign(bindings, kValues, kNow);
  CHECK(own.fields.at("x-bapi-recv-window") == "1000");
  CHECK(own.fields.at("x-bapi-sign") ==
        "d3c030b65e618d827a394452bf9aaebf46e39b5532a4e9f3b9578d2a6588c2c5");
  const auto configured = Case({"GET", target, {}, ""}).sign(bindings, kValues, kNow);
  CHECK(configured.fields.at("x-bapi-recv-window") == "20000");
  CHECK(configured.fields.at("x-bapi-sign") ==
        "202a5555506fd85f438b493f070e2520c5ed7889ca5584508b3bb3463f057a5b");
}

TEST_CASE("F29: what Bybit's signature would cover in part, and repeated fields, are refused") {
  const auto bindings = test::signing_with(kInject);
  CHECK(Case({"GET", "/v5/order/realtime?category=spot", {}, "{}"}).is_malformed(bindings));
  CHECK(Case({"GET", "/v5/order/realtime", {}, "{}"}).is_malformed(bindings));
  CHECK(Case({"POST", "/v5/order/create?qty=9", {}, "{}"}).is_malformed(bindings));
  CHECK(Case({"POST", "/v5/order/create?qty=9", {}, ""}).is_malformed(bindings));
  CHECK(Case({"DELETE", "/v5/order/create", {}, ""}).is_malformed(bindings));
  CHECK_FALSE(Case({"POST", "/v5/order/create", {}, "{}"}).is_malformed(bindings));
  const auto* const name = GENERATE("api-key", "sign", "timestamp", "recv-window");
  const auto field = "bapi-" + std::string(name);
  CHECK(Case({"GET", "/x", {{"X-" + field, "1"}, {"x-" + field, "1"}}, ""}).is_malformed(bindings));
  CHECK_FALSE(Case({"GET", "/x", {{"X-" + field, "1"}}, ""}).is_malformed(bindings));
}

TEST_CASE("F29: a Bybit window that is no number would move what is signed, and is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const window = GENERATE("", "5000category=spot", "5 000", "-1", "1e3");
  INFO(window);
  CHECK(Case({"GET", "/x", {{"X-BAPI-RECV-WINDOW", window}}, ""}).is_malformed(bindings));
}

TEST_CASE("Bybit's recv_window is a number of the bindings file") {
  for (const auto* const window : {"0", "60001", "-1", "5s", "05000"}) {
    INFO(window);
    CHECK(test::errors_of(test::with_inject(with_window(window)))
              .find("`recv_window` must be a number from 1 to 60000") != std::string::npos);
  }
  CHECK(test::errors_of(test::with_inject(with_window("60000"))).empty());
}

TEST_CASE("A key of Bybit's that could end its line is never written", "[I9]") {
  const auto bindings = test::signing_with(kInject);
  const auto result =
      Case({"GET", "/x", {}, ""}).sign(bindings, {"key\r\nX: y", "test-secret"}, kNow);
  CHECK(result.status.error().code == base::Errc::invalid_input);
}

TEST_CASE("the time of each Bybit request may be the exchange's") {
  const auto bindings = test::signing_with(kInject);
  const Case sample({"GET", "/v5/user/query-api", {{"X-BAPI-TIMESTAMP", "1"}}, ""});
  CHECK(bindings.rules[0].signer()->follows_upstream_clock(sample.request()));
}

}  // namespace keyswap::bindings
