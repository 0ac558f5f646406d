// SPDX-License-Identifier: Apache-2.0
//
// The scheme `kraken` (bindings/schemes/kraken.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;
using test::kFormField;

const std::string kInject = "{ type: kraken, api_key: KEY, api_secret: SECRET }";

// docs.kraken.com, "Spot REST Authentication": its private key, nonce and API-Sign.
const std::string kSecret =
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
const std::string kRest = "&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25";
const std::string kSignature =
    "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==";
constexpr std::uint64_t kNonce = 1616492376594;

}  // namespace

TEST_CASE("Kraken's published vector, with a nonce of the client's own replaced by ours") {
  const auto bindings = test::signing_with(kInject);
  const Case sample({"POST",
                     "/0/private/AddOrder",
                     {{"API-Key", "p"}, {"API-Sign", "theirs"}, kFormField},
                     "nonce=1" + kRest});
  CHECK(sample.judge(bindings).wants_nonce);
  const auto result = sample.sign(bindings, {"the-key", kSecret}, 0, kNonce);
  REQUIRE(result.status.has_value());
  CHECK(result.body == "nonce=1616492376594" + kRest);
  CHECK(result.fields ==
        std::map<std::string, std::string>{{"api-key", "the-key"}, {"api-sign", kSignature}});
  CHECK_FALSE(result.has_target);
}

TEST_CASE("A Kraken client that sends no nonce gets one, also with no body at all") {
  const auto bindings = test::signing_with(kInject);
  const auto added = Case({"POST", "/0/private/Balance", {kFormField}, "asset=XBT"})
                         .sign(bindings, {"k", kSecret}, 0, 7);
  CHECK(added.body == "asset=XBT&nonce=7");
  const auto alone =
      Case({"POST", "/0/private/Balance", {}, ""}).sign(bindings, {"k", kSecret}, 0, 8);
  CHECK(alone.body == "nonce=8");
  CHECK(alone.fields.at("content-type") == "application/x-www-form-urlencoded");
}

TEST_CASE("F29: what Kraken could read in two ways, or would not see signed, is refused") {
  const auto bindings = test::signing_with(kInject);
  CHECK(Case({"POST", "/0/private/X", {kFormField}, "nonce=1&nonce=2"}).is_malformed(bindings));
  CHECK(Case({"POST", "/0/private/X", {kFormField}, "nonce=1&%6eonce=2"}).is_malformed(bindings));
  CHECK(Case({"POST", "/0/private/X", {kFormField}, "Nonce=1"}).is_malformed(bindings));
  CHECK(Case({"POST", "/0/private/X?volume=9", {kFormField}, "a=1"}).is_malformed(bindings));
  CHECK(Case({"GET", "/0/private/X", {}, ""}).is_malformed(bindings));
  CHECK(Case({"POST", "/0/private/X", {{"Content-Type", "application/json"}}, "{}"})
            .is_malformed(bindings));
  CHECK(Case({"POST", "/0/private/X", {{"API-Sign", "a"}, {"api-sign", "b"}, kFormField}, "a=1"})
            .is_malformed(bindings));
}

TEST_CASE("A Kraken secret that is no base64 refuses the request, and gives nothing away") {
  const auto bindings = test::signing_with(kInject);
  const auto result =
      Case({"POST", "/0/private/X", {kFormField}, "a=1"}).sign(bindings, {"k", "not base64"}, 0, 1);
  REQUIRE_FALSE(result.status.has_value());
  CHECK(result.status.error().code == base::Errc::invalid_input);
}

}  // namespace keyswap::bindings
