// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bitfinex` (bindings/schemes/bitfinex.cc). Of its REST API the vendor publishes the
// rule and no result; the signatures are that rule's, computed with Python's hmac.
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: bitfinex, api_key: KEY, api_secret: SECRET }";
const std::vector<std::string> kValues = {"the-key", "apiSecret1"};
const std::string kOrder = R"({"type":"EXCHANGE LIMIT","symbol":"tBTCUSD"})";
constexpr std::uint64_t kNonce = 1'700'000'000'123'999;

}  // namespace

TEST_CASE("A request to Bitfinex is signed with our nonce; what the client had is replaced") {
  const auto bindings = test::signing_with(kInject);
  const Case sample({"POST",
                     "/v2/auth/w/order/submit",
                     {{"bfx-apikey", "p"}, {"bfx-nonce", "1"}, {"bfx-signature", "theirs"}},
                     kOrder});
  CHECK(sample.judge(bindings).wants_nonce);
  const auto result = sample.sign(bindings, kValues, 0, kNonce);
  REQUIRE(result.status.has_value());
  CHECK(result.fields ==
        std::map<std::string, std::string>{
            {"bfx-apikey", "the-key"},
            {"bfx-nonce", "1700000000123999"},
            {"bfx-signature",
             "f823d796122a91f2c89b7802dbec2a52722f881a63263162d9f4d02be8830f0adc82515041b19c3ab9cc"
             "178343fbde25"}});
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
}

TEST_CASE("A Bitfinex request without a body is signed without one") {
  const auto result =
      Case({"POST", "/v2/auth/r/wallets", {}, ""}).sign(test::signing_with(kInject), kValues, 0, 7);
  CHECK(result.fields.at("bfx-nonce") == "7");
  CHECK(result.fields.at("bfx-signature") ==
        "ca2fa23f609e1cba09299639950f1cb42979ca2a0daad0ee030709b1b2923ec2b82f7d305a20843b42a2d87d10"
        "131d39");
}

TEST_CASE("F29: what Bitfinex would not see signed, or could read in two ways, is refused") {
  const auto bindings = test::signing_with(kInject);
  CHECK(Case({"GET", "/v2/auth/r/wallets", {}, ""}).is_malformed(bindings));
  CHECK(Case({"POST", "/v2/auth/r/wallets?limit=1", {}, ""}).is_malformed(bindings));
  CHECK(Case({"POST", "/v1/order/new", {}, ""}).is_malformed(bindings));
  CHECK(Case({"POST", "/v2/calc/fx", {}, ""}).is_malformed(bindings));
  for (const std::string name : {"apikey", "nonce", "signature"}) {
    CHECK(Case({"POST", "/v2/auth/r/wallets", {{"bfx-" + name, "1"}, {"BFX-" + name, "2"}}, ""})
              .is_malformed(bindings));
  }
}

TEST_CASE("No configuration opens Bitfinex's withdrawals, transfers and tokens") {
  const auto bindings = test::signing_with(kInject);
  for (const auto* const path : {"/v2/auth/w/withdraw",
                                 "/v2/auth/w/transfer",
                                 "/v2/auth/w/token",
                                 "/v2/auth/w/sub_account/transfer",
                                 "/v2/auth/W/Withdraw/",
                                 "/v2/auth/w//withdraw"}) {
    INFO(path);
    CHECK(Case({"POST", path, {}, ""}).is_forbidden(bindings));
  }
  for (const auto* const path :
       {"/v2/auth/w/order/submit", "/v2/auth/r/movements/hist", "/v2/auth/w/deposit/address"}) {
    INFO(path);
    CHECK_FALSE(Case({"POST", path, {}, ""}).is_forbidden(bindings));
  }
}

}  // namespace keyswap::bindings
