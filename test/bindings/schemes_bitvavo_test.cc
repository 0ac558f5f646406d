// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bitvavo` (bindings/schemes/bitvavo.cc).
#include <catch2/catch.hpp>

#include "bindings/request_readings.h"
#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: bitvavo, api_key: KEY, api_secret: SECRET }";

// docs.bitvavo.com, "Create signature": the example, which has no key.
const std::vector<std::string> kValues = {"the-key", "bitvavo"};
constexpr std::int64_t kNow = 1'548'172'481'125'999;
const std::string kOrder =
    R"({"market":"BTC-EUR","side":"buy","price":"5000","amount":"1.23","orderType":"limit"})";

bool is_closed(const Bindings& bindings, const char* method, const char* target) {
  return bindings.rules[0].signer()->forbids({method, target});
}

}  // namespace

TEST_CASE("Bitvavo's published vector; what the client had signed and timed is replaced") {
  const auto result = Case({"POST",
                            "/v2/order",
                            {{"Bitvavo-Access-Key", "p"},
                             {"Bitvavo-Access-Signature", "theirs"},
                             {"Bitvavo-Access-Timestamp", "1"},
                             {"Bitvavo-Access-Window", "2000"}},
                            kOrder})
                          .sign(test::signing_with(kInject), kValues, kNow);
  REQUIRE(result.status.has_value());
  CHECK(result.fields == std::map<std::string, std::string>{
                             {"bitvavo-access-key", "the-key"},
                             {"bitvavo-access-timestamp", "1548172481125"},
                             {"bitvavo-access-signature",
                              "44d022723a20973a18f7ee97398b9fdd405d2d019c8d39e24b8cc0dcb39ca016"}});
  CHECK(result.removed.empty());
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
}

TEST_CASE("Bitvavo's query is signed as it is sent") {
  // The formula over these bytes, computed with Python's hmac.
  const auto result = Case({"GET", "/v2/orders?market=BTC-EUR&limit=1%30", {}, ""})
                          .sign(test::signing_with(kInject), kValues, kNow);
  CHECK(result.fields.at("bitvavo-access-signature") ==
        "9aa8ad0212e4c7edba257f1acaaa5901207b65e3d10cb6969e0783e96b73cbc1");
}

TEST_CASE("F29: what Bitvavo could read in two ways is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const name = GENERATE("key", "signature", "timestamp", "window");
  const auto field = "bitvavo-access-" + std::string(name);
  CHECK(Case({"GET", "/x", {{field, "2"}, {"Bitvavo-Access-" + std::string(name), "2"}}, ""})
            .is_malformed(bindings));
  CHECK_FALSE(Case({"GET", "/x", {{field, "2"}}, ""}).is_malformed(bindings));
  CHECK(Case({"GET", "/x", {{"Bitvavo-Access-Window", "2 s"}}, ""}).is_malformed(bindings));
}

TEST_CASE("no configuration lets a withdrawal from Bitvavo through", "[I5]") {
  const auto bindings = test::signing_with(kInject);
  CHECK(is_closed(bindings, "POST", "/v2/withdrawal"));
  CHECK(is_closed(bindings, "POST", "/v2/crypto/withdrawal"));
  CHECK(is_closed(bindings, "POST", "/v2/withdrawal/confirm"));
  CHECK(is_closed(bindings, "POST", "/v2/subaccounts"));
  CHECK(is_closed(bindings, "POST", "/v2/subaccounts/transfers"));
  CHECK_FALSE(is_closed(bindings, "GET", "/v2/subaccounts"));
  CHECK_FALSE(is_closed(bindings, "POST", "/v2/order"));
  CHECK_FALSE(is_closed(bindings, "GET", "/v2/withdrawalHistory"));
}

TEST_CASE("a key of Bitvavo's that could end its line is never written", "[I9]") {
  const auto result =
      Case({"GET", "/x", {}, ""}).sign(test::signing_with(kInject), {"key\r\nX: y", "bitvavo"}, 0);
  CHECK(result.status.error().code == base::Errc::invalid_input);
}

}  // namespace keyswap::bindings
