// SPDX-License-Identifier: Apache-2.0
//
// Signatures by private keys. Ed25519: the key of the vendor's FIX document ("Authentication",
// Binance's FIX API). RSA: the vendor publishes no key with its example, so one is made here and
// what is signed is verified with its public half.
#include "bindings/venues/binance/signature.h"

#include <memory>
#include <string>

#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "proxy/base/bytes.h"
#include "test/bindings/venues/binance/support.h"

namespace keyswap::bindings {

using binance::KeyType;
using binance::wire_signature;

namespace {

const std::string kPayload =
    "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2&timestamp="
    "1668481559918&recvWindow=5000";

std::string ed25519_key() {
  const auto der =
      base::from_base64("MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u");
  REQUIRE(der.has_value());
  return *der;
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

// PKCS#8 DER, as the vault keeps it.
std::string der_of(EVP_PKEY* key) {
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)> info(
      EVP_PKEY2PKCS8(key), PKCS8_PRIV_KEY_INFO_free);
  REQUIRE(info != nullptr);
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &bytes);
  REQUIRE(size > 0);
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

bool verifies(EVP_PKEY* key, const std::string& message, const std::string& signature) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_PKEY_CTX* settings = nullptr;
  REQUIRE(EVP_DigestVerifyInit(context.get(), &settings, EVP_sha256(), nullptr, key) == 1);
  REQUIRE(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PADDING) == 1);
  return EVP_DigestVerify(context.get(),
                          reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

// Base64 off the wire, where nothing but it may stand.
std::string unescaped(std::string text) {
  CHECK(text.find_first_of("+/=") == std::string::npos);
  for (const auto& [escape, byte] : {std::pair{"%2B", '+'}, {"%2F", '/'}, {"%3D", '='}}) {
    for (auto at = text.find(escape); at != std::string::npos; at = text.find(escape)) {
      text.replace(at, 3, 1, byte);
    }
  }
  const auto bytes = base::from_base64(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

base::Errc failure(KeyType type, const std::string& secret) {
  const auto signature = wire_signature(type, secret, kPayload);
  REQUIRE_FALSE(signature.has_value());
  return signature.error().code;
}

}  // namespace

TEST_CASE("F30 Ed25519 signatures are the vendor's, in base64 fit for a query") {
  REQUIRE(vault::lock_memory().has_value());
  const std::string logon =
      "A\x01"
      "EXAMPLE\x01SPOT\x01"
      "1\x01"
      "20240627-11:17:25.223";
  const auto signature = wire_signature(KeyType::ed25519, ed25519_key(), logon);
  REQUIRE(signature.has_value());
  CHECK(*signature ==
        "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM%2B5UdlGPrQHrgtS3CvsRURC1oj73j8gCA"
        "%3D%3D");
  CHECK(wire_signature(KeyType::ed25519, ed25519_key(), kPayload).value() ==
        "inDT086KVIP8vgUfw5sV3VTkescWztiAGlf4x8FLKHM4NInsn0c1kYVLoGMO8cyjfR6vmTku2YQE0gtfVVlfCw%3D"
        "%3D");
}

TEST_CASE("F30 RSA signatures are PKCS#1 v1.5 over SHA-256, in base64 fit for a query") {
  REQUIRE(vault::lock_memory().has_value());
  const Key key(EVP_RSA_gen(2048U));
  REQUIRE(key != nullptr);
  const auto der = der_of(key.get());
  const auto signature = wire_signature(KeyType::rsa, der, kPayload);
  REQUIRE(signature.has_value());
  CHECK(verifies(key.get(), kPayload, unescaped(*signature)));
  CHECK(wire_signature(KeyType::rsa, der, kPayload).value() == *signature);
  CHECK(failure(KeyType::ed25519, der) == base::Errc::invalid_input);
}

TEST_CASE("a secret that is no key of the binding's kind signs nothing") {
  REQUIRE(vault::lock_memory().has_value());
  CHECK(failure(KeyType::hmac, "") == base::Errc::invalid_input);
  CHECK(failure(KeyType::rsa, ed25519_key()) == base::Errc::invalid_input);
  CHECK(failure(KeyType::ed25519, "text") == base::Errc::invalid_input);
  CHECK(failure(KeyType::rsa, "") == base::Errc::invalid_input);
}

TEST_CASE("F30 a longer signature in the body makes the body longer") {
  const auto bindings =
      binance::test::accepted(binance::test::binance_yaml("", ", key_type: ed25519"));
  const binance::test::BinanceRequest request{
      "POST", "/api/v3/order", kPayload + "&signature=abc", binance::test::kForm, {}};
  const auto sent = binance::test::send(bindings, request, 0, ed25519_key());
  REQUIRE(sent.status.has_value());
  CHECK(
      sent.body ==
      kPayload +
          "&signature=inDT086KVIP8vgUfw5sV3VTkescWztiAGlf4x8FLKHM4NInsn0c1kYVLoGMO8cyjfR6vmTku2YQE"
          "0gtfVVlfCw%3D%3D");
  CHECK_FALSE(sent.changes_target);
}

}  // namespace keyswap::bindings
