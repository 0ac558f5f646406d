// SPDX-License-Identifier: Apache-2.0
//
// The scheme `polymarket` (bindings/schemes/polymarket.cc).
#include <catch2/catch.hpp>

#include "bindings/request_readings.h"
#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kAddress = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const std::string kInject =
    "{ type: polymarket, api_key: KEY, api_secret: SECRET, passphrase: PHRASE }";

std::string with_address(const std::string& address) {
  return "{ type: polymarket, api_key: KEY, api_secret: SECRET, passphrase: PHRASE, address: \"" +
         address + "\" }";
}

// github.com/Polymarket/py-clob-client, tests/signing/test_hmac.py; the test has neither key nor
// passphrase.
const std::vector<std::string> kValues = {
    "the-key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "the phrase"};
constexpr std::int64_t kNow = 1'000'000'999'999;
const std::string kBody = R"({"hash": "0x123"})";
const std::string kSignature = "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc=";

std::string signature_of(const std::string& method,
                         const std::string& target,
                         const std::string& secret) {
  auto values = kValues;
  values[1] = secret;
  return Case({method, target, {}, ""})
      .sign(test::signing_with(with_address(kAddress)), values, kNow)
      .fields.at("poly_signature");
}

std::optional<SignerRefusal> refusal_of(const std::string& method, const std::string& target) {
  return Case({method, target, {{"POLY_ADDRESS", kAddress}}, ""})
      .judge(test::signing_with(kInject))
      .refusal;
}

}  // namespace

TEST_CASE("Polymarket's published vector of level 2; what the client had signed is replaced") {
  const auto bindings = test::signing_with(kInject);
  const Case sample({"test-sign",
                     "/orders",
                     {{"POLY_ADDRESS", kAddress},
                      {"POLY_API_KEY", "p"},
                      {"POLY_SIGNATURE", "theirs"},
                      {"POLY_TIMESTAMP", "1"},
                      {"POLY_PASSPHRASE", "theirs"}},
                     kBody});
  // Of a path that judge() lets only DELETE through to.
  std::vector<vault::Secret> secrets;
  for (const auto& value : kValues) {
    secrets.push_back(test::secret_of(value));
  }
  Edits edits;
  REQUIRE(bindings.rules[0].signer()->sign(sample.request(), {secrets, kNow, 0}, edits));
  std::map<std::string, std::string> fields;
  for (const auto& edit : edits) {
    const auto& set = std::get<FieldEdit>(edit);
    fields[std::string(set.name)] = test::text_of(set.value);
  }
  CHECK(fields == std::map<std::string, std::string>{{"poly_api_key", "the-key"},
                                                     {"poly_timestamp", "1000000"},
                                                     {"poly_passphrase", "the phrase"},
                                                     {"poly_signature", kSignature}});
}

TEST_CASE("Polymarket's path is signed without its query, with a secret of either padding") {
  // The formula over these bytes, computed with Python's hmac.
  const std::string expected = "HxbaExDBENMHln1FAsYzvwQjJImgsgxkIPIqiekgTjA=";
  const std::string secret = "-_-_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  CHECK(signature_of("GET", "/data/orders", secret + "=") == expected);
  CHECK(signature_of("GET", "/data/orders?market=0x1&next_cursor=MA==", secret) == expected);
}

TEST_CASE("Polymarket's address is the configured one, else the client's, which must be there") {
  const Case own({"GET", "/data/orders", {{"POLY_ADDRESS", "0x1"}}, ""});
  const Case none({"GET", "/data/orders", {}, ""});
  const auto set = test::signing_with(with_address(kAddress));
  CHECK(own.sign(set, kValues, kNow).fields.at("poly_address") == kAddress);
  CHECK(none.sign(set, kValues, kNow).fields.at("poly_address") == kAddress);
  const auto kept = test::signing_with(kInject);
  CHECK(own.sign(kept, kValues, kNow).fields.count("poly_address") == 0);
  CHECK(none.is_malformed(kept));
  for (const std::string wrong : {"0x1",
                                  "f39Fd6e51aad88F6F4ce6aB8827279cffFb92266xx",
                                  "0xg39Fd6e51aad88F6F4ce6aB8827279cffFb92266"}) {
    CHECK(test::errors_of(test::with_inject(with_address(wrong)))
              .find("`address` must be the address of a wallet") != std::string::npos);
  }
}

TEST_CASE("what Polymarket wants signed by the wallet is not sent; cancelling is") {
  for (const auto* const path : {"/order",
                                 "/orders",
                                 "/ORDER/",
                                 "/x/../order",
                                 "/rfq/request/accept",
                                 "/rfq/quote/approve"}) {
    INFO(path);
    CHECK(refusal_of("POST", path) == SignerRefusal::endpoint_blocked);
  }
  CHECK_FALSE(refusal_of("DELETE", "/order"));
  CHECK_FALSE(refusal_of("DELETE", "/orders"));
  CHECK_FALSE(refusal_of("DELETE", "/cancel-all"));
  CHECK_FALSE(refusal_of("GET", "/data/orders"));
}

TEST_CASE("no configuration lets the making of Polymarket's keys through", "[I5]") {
  const auto bindings = test::signing_with(kInject);
  const auto is_closed = [&](const char* method, const char* target) {
    return bindings.rules[0].signer()->forbids({method, target});
  };
  CHECK(is_closed("POST", "/auth/api-key"));
  CHECK(is_closed("POST", "/auth/builder-api-key"));
  CHECK(is_closed("POST", "/auth/readonly-api-key"));
  CHECK(is_closed("DELETE", "/auth/api-key"));
  CHECK(is_closed("GET", "/auth/derive-api-key"));
  CHECK(is_closed("GET", "/auth/readonly-api-keys"));
  CHECK_FALSE(is_closed("GET", "/auth/api-keys"));
  CHECK_FALSE(is_closed("DELETE", "/orders"));
}

TEST_CASE("F29: a header of Polymarket's that is there twice is refused") {
  const auto bindings = test::signing_with(with_address(kAddress));
  const auto* const name = GENERATE("API_KEY", "SIGNATURE", "TIMESTAMP", "PASSPHRASE", "ADDRESS");
  const auto field = "POLY_" + std::string(name);
  CHECK(
      Case({"GET", "/x", {{field, "2"}, {base::to_lower(field), "2"}}, ""}).is_malformed(bindings));
  CHECK_FALSE(Case({"GET", "/x", {{field, "2"}}, ""}).is_malformed(bindings));
}

TEST_CASE("a secret of Polymarket's that does not decode refuses the request, as does a line break",
          "[I9]") {
  const auto bindings = test::signing_with(with_address(kAddress));
  const Case sample({"GET", "/x", {}, ""});
  for (const std::string secret : {"", "AA+/", "AAAAA", "not a secret"}) {
    CHECK(sample.sign(bindings, {"key", secret, "phrase"}, kNow).status.error().code ==
          base::Errc::invalid_input);
  }
  CHECK(sample.sign(bindings, {"key\r\nX: y", kValues[1], "phrase"}, kNow).status.error().code ==
        base::Errc::invalid_input);
}

}  // namespace keyswap::bindings
