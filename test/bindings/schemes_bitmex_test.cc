// SPDX-License-Identifier: Apache-2.0
//
// The scheme `bitmex` (bindings/schemes/bitmex.cc).
#include <catch2/catch.hpp>

#include "bindings/request_readings.h"
#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject = "{ type: bitmex, api_key: KEY, api_secret: SECRET }";

std::string with_expires(const std::string& expires) {
  return "{ type: bitmex, api_key: KEY, api_secret: SECRET, expires: " + expires + " }";
}

// www.bitmex.com/app/apiKeysUsage, "Full sample calculations": all three.
const std::vector<std::string> kValues = {"LAqUlngMIQkIUjXMUreyu3qn",
                                          "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO"};

struct Vector {
  std::string method;
  std::string target;
  std::string expires;
  std::string body;
  std::string signature;
};

const std::vector<Vector> kVectors = {
    {"GET",
     "/api/v1/instrument",
     "1518064236",
     "",
     "c7682d435d0cfe87c16098df34ef2eb5a549d4c5a3c2b1f0f77b8af73423bf00"},
    {"GET",
     "/api/v1/instrument?filter=%7B%22symbol%22%3A+%22XBTM15%22%7D",
     "1518064237",
     "",
     "e2f422547eecb5b3cb29ade2127e21b858b235b386bfa45e1c1756eb3383919f"},
    {"POST",
     "/api/v1/order",
     "1518064238",
     R"({"symbol":"XBTM15","price":219.0,"clOrdID":"mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA",)"
     R"("orderQty":98})",
     "1749cd2ccae4aa49048ae09f0b95110cee706e0944e6a14ad0b3a8cb45bd336b"},
};

bool is_closed(const Bindings& bindings, const char* method, const char* target) {
  return bindings.rules[0].signer()->forbids({method, target});
}

}  // namespace

TEST_CASE("BitMEX's published vectors: neither query nor body, a query, a body") {
  const auto bindings = test::signing_with(kInject);
  for (const auto& vector : kVectors) {
    INFO(vector.target);
    const auto result =
        Case({vector.method,
              vector.target,
              {{"api-key", "p"}, {"api-signature", "theirs"}, {"api-expires", vector.expires}},
              vector.body})
            .sign(bindings, kValues, 1'518'064'176'000'000);
    REQUIRE(result.status.has_value());
    CHECK(result.fields == std::map<std::string, std::string>{{"api-key", kValues[0]},
                                                              {"api-expires", vector.expires},
                                                              {"api-signature", vector.signature}});
    CHECK(result.removed.empty());
    CHECK_FALSE(result.has_target);
    CHECK_FALSE(result.has_body);
  }
}

TEST_CASE("BitMEX's requests of clients that say no end end after the configured time") {
  const Case sample({"GET", "/api/v1/instrument", {}, ""});
  constexpr std::int64_t kNow = 1'518'064'176'999'999;
  const auto result = sample.sign(test::signing_with(kInject), kValues, kNow);
  CHECK(result.fields.at("api-expires") == "1518064236");
  CHECK(result.fields.at("api-signature") == kVectors[0].signature);
  CHECK(
      sample.sign(test::signing_with(with_expires("5")), kValues, kNow).fields.at("api-expires") ==
      "1518064181");
  for (const std::string wrong : {"0", "3601", "5s", "-1"}) {
    CHECK(test::errors_of(test::with_inject(with_expires(wrong)))
              .find("`expires` must be a number from 1 to 3600") != std::string::npos);
  }
}

TEST_CASE("F29: what BitMEX could read in two ways is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const name = GENERATE("key", "signature", "expires");
  const auto field = "api-" + std::string(name);
  CHECK(Case({"GET", "/x", {{field, "2"}, {"API-" + std::string(name), "2"}}, ""})
            .is_malformed(bindings));
  CHECK_FALSE(Case({"GET", "/x", {{field, "2"}}, ""}).is_malformed(bindings));
  for (const std::string expires : {"", "1 2", "1e9", "-1", "99999999999", "9999999999"}) {
    CHECK(Case({"GET", "/x", {{"api-expires", expires}}, ""}).is_malformed(bindings));
  }
}

TEST_CASE("no configuration lets BitMEX's withdrawals, transfers, addresses and keys through",
          "[I5]") {
  const auto bindings = test::signing_with(kInject);
  for (const auto* const path : {"/api/v1/user/requestWithdrawal",
                                 "/api/v1/user/confirmWithdrawal",
                                 "/api/v1/user/walletTransfer",
                                 "/api/v1/address",
                                 "/api/v1/addressConfig"}) {
    INFO(path);
    CHECK(is_closed(bindings, "POST", path));
    CHECK_FALSE(is_closed(bindings, "GET", path));
  }
  CHECK(is_closed(bindings, "POST", "/api/v1/apiKey"));
  CHECK(is_closed(bindings, "GET", "/api/v1/apiKey"));  // its items have a member `secret`
  CHECK_FALSE(is_closed(bindings, "POST", "/api/v1/order"));
  CHECK_FALSE(is_closed(bindings, "POST", "/api/v1/user/cancelWithdrawal"));
  CHECK_FALSE(is_closed(bindings, "POST", "/api/v1/position/leverage"));
}

TEST_CASE("a key of BitMEX's that could end its line is never written", "[I9]") {
  const auto result =
      Case({"GET", "/x", {}, ""}).sign(test::signing_with(kInject), {"key\r\nX: y", kValues[1]}, 0);
  CHECK(result.status.error().code == base::Errc::invalid_input);
}

}  // namespace keyswap::bindings
