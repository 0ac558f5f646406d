// SPDX-License-Identifier: Apache-2.0
//
// The scheme `kucoin` (bindings/schemes/kucoin.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;

const std::string kInject =
    "{ type: kucoin, api_key: KEY, api_secret: SECRET, passphrase: PHRASE }";

std::string with_version(const std::string& version) {
  return "{ type: kucoin, api_key: KEY, api_secret: SECRET, passphrase: PHRASE, key_version: " +
         version + " }";
}

// github.com/Kucoin/kucoin-api-docs, "Authentication": the secret, the time and two signatures. The
// passphrase printed there is that of a key of version 1.
const std::string kSecret = "f03a5284-5c39-4aaa-9b20-dea10bdcf8e3";
const std::string kTarget = "/api/v1/deposit-addresses";
const std::string kSignature = "7QP/oM0ykidMdrfNEUmng8eZjg/ZvPafjIqmxiVfYu4=";
const std::vector<std::string> kValues = {"the-key", kSecret, "the-phrase"};
constexpr std::int64_t kNow = 1'547'015'186'532'999;

std::string signature_of(const Bindings& bindings,
                         const std::string& target,
                         const std::string& body = "") {
  const auto result = Case({"GET", target, {}, body}).sign(bindings, kValues, kNow);
  REQUIRE(result.status.has_value());
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
  return result.fields.at("kc-api-sign");
}

std::string version_of(const Bindings& bindings, const std::string& own) {
  const Case sample({"GET", "/x", {{"KC-API-KEY-VERSION", own}}, ""});
  return sample.sign(bindings, kValues, kNow).fields.at("kc-api-key-version");
}

}  // namespace

TEST_CASE("KuCoin's published vectors; what the client had signed and timed is replaced") {
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"POST",
                            kTarget,
                            {{"KC-API-KEY", "p"},
                             {"KC-API-SIGN", "theirs"},
                             {"KC-API-TIMESTAMP", "1"},
                             {"KC-API-PASSPHRASE", "theirs"},
                             {"KC-API-KEY-VERSION", "2"}},
                            R"({"currency":"BTC"})"})
                          .sign(bindings, kValues, kNow);
  REQUIRE(result.status.has_value());
  CHECK(result.fields.size() == 5);
  CHECK(result.fields.at("kc-api-key") == "the-key");
  CHECK(result.fields.at("kc-api-timestamp") == "1547015186532");
  CHECK(result.fields.at("kc-api-sign") == kSignature);
  CHECK(result.fields.at("kc-api-passphrase") != "theirs");
  CHECK(result.removed.empty());
  CHECK_FALSE(result.has_target);
  CHECK_FALSE(result.has_body);
  const auto bare =
      Case({"POST", kTarget, {}, R"({"currency":"EOS"})"}).sign(bindings, kValues, kNow);
  CHECK(bare.fields.size() == 5);
  CHECK(bare.fields.at("kc-api-sign") == "9IzcFtvQ4kAK/UrnQBbzfya2FGjFvZiB1ehl7/BMY/E=");
}

TEST_CASE("KuCoin's published vector of the signed passphrase, which is never sent as it is") {
  // github.com/Kucoin/kucoin-futures-node-sdk/test/tools.test.ts: the function that makes it.
  const auto bindings = test::signing_with(kInject);
  const auto result = Case({"GET", "/api/v1/accounts", {}, ""})
                          .sign(bindings, {"k", "mysecretkey", "Hello, world!"}, kNow);
  CHECK(result.fields.at("kc-api-passphrase") == "k0jiDQEBW3xYgc/dh0c+RBQp5tcWug4rEZUeX35Awx0=");
}

TEST_CASE("KuCoin's key version is the configured one, else the client's 3, else 2") {
  const auto bindings = test::signing_with(kInject);
  CHECK(version_of(bindings, "3") == "3");
  CHECK(version_of(bindings, "2") == "2");
  CHECK(version_of(bindings, "1") == "2");
  CHECK(Case({"GET", "/x", {}, ""}).sign(bindings, kValues, kNow).fields.at("kc-api-key-version") ==
        "2");
  CHECK(version_of(test::signing_with(with_version("3")), "2") == "3");
  CHECK(version_of(test::signing_with(with_version("2")), "3") == "2");
  CHECK(test::errors_of(test::with_inject(with_version("1")))
            .find("`key_version` must be one of: 2, 3") != std::string::npos);
}

TEST_CASE("KuCoin signs the query without URL encoding; what is sent keeps it") {
  const auto bindings = test::signing_with(kInject);
  // The example of the rule in www.kucoin.com/docs-new/authentication, which signs abc!@#11; the
  // signature is computed with Python's hmac.
  CHECK(signature_of(bindings,
                     "/api/v1/sub/api-key?apiKey=67b3&subName=test&passphrase=abc%21%40%2311") ==
        "JxLc0FMzxCZgt1LBHN1pjQ4l8JIMz5oBMnTt/o7rXpA=");
}

TEST_CASE("KuCoin's empty query, and the body of a GET, are signed as they are sent") {
  const auto bindings = test::signing_with(kInject);
  // The formula over these bytes, computed with Python's hmac.
  CHECK(signature_of(bindings, "/api/v1/accounts?") ==
        "Eu8JGqTPfv/fh5Gna/v794BOgG/yWToRqHaruYGcl7s=");
  CHECK(signature_of(bindings, "/api/v1/accounts", "{}") ==
        "IOwsSyFJKw6VQRUuJXrq+Y6/zt/NE2LpPwS4xC8SzH8=");
}

TEST_CASE("F29: a header of KuCoin's that is there twice is refused") {
  const auto bindings = test::signing_with(kInject);
  const auto* const name = GENERATE("key", "sign", "timestamp", "passphrase", "key-version");
  const auto field = "api-" + std::string(name);
  CHECK(
      Case({"GET", "/x", {{"KC-" + field, "2"}, {"kc-" + field, "2"}}, ""}).is_malformed(bindings));
  CHECK_FALSE(Case({"GET", "/x", {{"KC-" + field, "2"}}, ""}).is_malformed(bindings));
}

TEST_CASE("A key of KuCoin's that could end its line is never written, nor half a credential",
          "[I9]") {
  const auto bindings = test::signing_with(kInject);
  const Case sample({"GET", "/x", {}, ""});
  CHECK(sample.sign(bindings, {"key\r\nX: y", kSecret, "phrase"}, kNow).status.error().code ==
        base::Errc::invalid_input);
  CHECK(sample.sign(bindings, {"key", kSecret, ""}, kNow).status.error().code ==
        base::Errc::invalid_input);
}

}  // namespace keyswap::bindings
