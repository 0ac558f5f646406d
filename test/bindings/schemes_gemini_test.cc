// SPDX-License-Identifier: Apache-2.0
//
// The scheme `gemini` (bindings/schemes/gemini.cc).
#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: gemini, api_key: KEY, api_secret: SECRET }";
const std::vector<std::string> kValues = {"the-key", "1234abcd"};

// docs.gemini.com, "Private API Invocation": the payload, its secret (1234abcd) and its signature.
const std::string kPayload =
    "ewogICAgInJlcXVlc3QiOiAiL3YxL29yZGVyL3N0YXR1cyIsCiAgICAibm9uY2UiOiAxMjM0NTYsCgogICAgIm9yZGVyX2"
    "lkIjogMTg4MzQKfQo=";
const std::string kSignature =
    "337cc8b4ea692cfe65b4a85fcc9f042b2e3f702ac956fd098d600ab15705775017beae402be773ceee10719ff70d71"
    "0f";
constexpr std::uint64_t kNonce = 123'456;

// A request with a payload of this text.
test::SampleRequest asking(const std::string& path, const std::string& json) {
  return {"POST", path, {{"X-GEMINI-PAYLOAD", base::to_base64(json)}}, ""};
}

// The payload that goes out for this one.
std::string sent(const std::string& json, const std::string& inject = kInject) {
  const auto result = Case(asking("/v1/balances", json))
                          .sign(test::signing_with(inject), kValues, 1'700'000'000'999'999, 99);
  REQUIRE(result.status.has_value());
  const auto text = base::from_base64(result.fields.at("x-gemini-payload"));
  REQUIRE(text.has_value());
  return *text;
}

}  // namespace

TEST_CASE("Gemini's published vector; the client's signature is replaced") {
  const auto bindings = test::signing_with(kInject);
  const Case sample(
      {"POST",
       "/v1/order/status",
       {{"X-GEMINI-APIKEY", "p"}, {"X-GEMINI-PAYLOAD", kPayload}, {"X-GEMINI-SIGNATURE", "theirs"}},
       ""});
  CHECK(sample.judge(bindings).wants_nonce);
  const auto result = sample.sign(bindings, kValues, 0, kNonce);
  REQUIRE(result.status.has_value());
  CHECK(result.fields == std::map<std::string, std::string>{{"x-gemini-apikey", "the-key"},
                                                            {"x-gemini-payload", kPayload},
                                                            {"x-gemini-signature", kSignature}});
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
}

TEST_CASE("Gemini's nonce is ours, in its place and as a text where it was one") {
  CHECK(sent(R"({"request":"/v1/balances","nonce":"1","account":"primary"})") ==
        R"({"request":"/v1/balances","nonce":"99","account":"primary"})");
  CHECK(sent(R"({ "nonce" : 1.5e3 , "request":"/v1/balances" })") ==
        R"({ "nonce" : 99 , "request":"/v1/balances" })");
  CHECK(sent(R"({"\u006eonce":1,"request":"\/v1/balances"})") ==
        R"({"\u006eonce":99,"request":"\/v1/balances"})");
  // The formula over these bytes, computed with Python's hmac.
  const auto result =
      Case(asking("/v1/balances", R"({"request":"/v1/balances","nonce":"1","account":"primary"})"))
          .sign(test::signing_with(kInject), kValues, 0, 99);
  CHECK(result.fields.at("x-gemini-signature") ==
        "d2adcaf72b0f1d472fbaa75fcee08f39795667d9617fc86668898bc4a8998dcba503aec861a0fcda43504c6b35"
        "9374b3");
}

TEST_CASE("A body that Gemini does not read, and nobody signed, does not go on") {
  auto sample = asking("/v1/x", R"({"request":"/v1/x","nonce":1})");
  sample.body = R"({"order_id":"1"})";
  const auto result = Case(sample).sign(test::signing_with(kInject), kValues, 0, 99);
  REQUIRE(result.status.has_value());
  CHECK(result.has_body);
  CHECK(result.body.empty());
}

TEST_CASE("A Gemini key with a time based nonce gets the time, in seconds") {
  const std::string inject = "{ type: gemini, api_key: KEY, api_secret: SECRET, nonce: time }";
  CHECK(sent(R"({"request":"/v1/balances","nonce":"1"})", inject) ==
        R"({"request":"/v1/balances","nonce":"1700000000"})");
  const auto timed = test::signing_with(inject);
  CHECK_FALSE(Case(asking("/v1/x", R"({"request":"/v1/x","nonce":1})")).judge(timed).wants_nonce);
  CHECK(test::errors_of(
            test::with_inject("{ type: gemini, api_key: KEY, api_secret: SECRET, nonce: seconds }"))
            .find("`nonce` must be one of: rising, time") != std::string::npos);
}

TEST_CASE("F29: a Gemini payload that says something else than the request is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const json = GENERATE(R"({"request":"/v1/withdraw/btc","nonce":1})",
                                    R"({"request":"/v1/balances/","nonce":1})",
                                    R"({"request":["/v1/balances"],"nonce":1})",
                                    R"({"nonce":1})",
                                    R"({"request":"/v1/balances"})",
                                    R"({"request":"/v1/balances","nonce":null})",
                                    R"({"request":"/v1/balances","nonce":[1]})",
                                    R"({"request":"/v1/balances","nonce":1,"nonce":2})",
                                    R"({"request":"/v1/x","Request":"/v1/balances","nonce":1})",
                                    R"(["/v1/balances",1])",
                                    R"("/v1/balances")",
                                    R"({"request":"/v1/balances","nonce":1}{})",
                                    "nonce",
                                    "");
  INFO(json);
  CHECK(Case(asking("/v1/balances", json)).is_malformed(bindings));
}

TEST_CASE("F29: what Gemini would not see signed, or could read in two ways, is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto good = asking("/v1/balances", R"({"request":"/v1/balances","nonce":1})");
  CHECK_FALSE(Case(good).is_malformed(bindings));
  auto bad = good;
  bad.method = "GET";
  CHECK(Case(bad).is_malformed(bindings));
  bad = good;
  bad.fields[0].second.pop_back();
  CHECK(Case(bad).is_malformed(bindings));
  bad = good;
  bad.fields.emplace_back("x-gemini-payload", bad.fields[0].second);
  CHECK(Case(bad).is_malformed(bindings));
  bad = good;
  bad.fields.clear();
  CHECK(Case(bad).is_malformed(bindings));
  CHECK(Case(asking("/v1/balances?a=1", R"({"request":"/v1/balances?a=1","nonce":1})"))
            .is_malformed(bindings));
}

TEST_CASE("No configuration opens Gemini's withdrawals, transfers, banks and addresses") {
  const auto bindings = test::signing_with(kInject);
  for (const auto* const path : {"/v1/withdraw/btc",
                                 "/v1/payments/sen/withdraw",
                                 "/v1/payments/addbank",
                                 "/v1/payments/addbank/cad",
                                 "/v1/account/transfer/btc",
                                 "/v1/approvedAddresses/ethereum/request",
                                 "/v1/approvedaddresses/ethereum/request",
                                 "/v1/clearing/new",
                                 "/v1/clearing/broker/new",
                                 "/v1/clearing/confirm"}) {
    INFO(path);
    CHECK(Case({"POST", path, {}, ""}).is_forbidden(bindings));
  }
  for (const auto* const path : {"/v1/order/new",
                                 "/v1/balances",
                                 "/v1/transfers",
                                 "/v1/clearing/status",
                                 "/v1/approvedAddresses/account/ethereum"}) {
    INFO(path);
    CHECK_FALSE(Case({"POST", path, {}, ""}).is_forbidden(bindings));
  }
}

}  // namespace keyswap::bindings
