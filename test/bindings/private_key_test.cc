// SPDX-License-Identifier: Apache-2.0
#include "bindings/private_key.h"

#include <catch2/catch.hpp>

#include "bindings/digest.h"
#include "test/bindings/jwt_keys.h"
#include "test/bindings/sample_keys.h"
#include "test/bindings/support.h"

namespace keyswap::bindings {

namespace {

using Kind = PrivateKey::Kind;

PrivateKey key_of(std::string_view text) {
  REQUIRE(vault::lock_memory().has_value());
  auto key = PrivateKey::from_text(text);
  REQUIRE(key.has_value());
  return std::move(key).value();
}

std::string der_of(const PrivateKey& key) {
  auto out = vault::LockedBuffer::of_capacity(8192);
  REQUIRE(out.has_value());
  REQUIRE(key.write_der(*out).has_value());
  return std::string(out->reveal());
}

base::Errc failure(std::string_view text) {
  REQUIRE(vault::lock_memory().has_value());
  const auto key = PrivateKey::from_text(text);
  REQUIRE_FALSE(key.has_value());
  return key.error().code;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string changed(text);
  const auto at = changed.find(what);
  REQUIRE(at != std::string::npos);
  return changed.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("Ed25519: the vector of Binance's FIX document, key and signature") {
  const auto key = key_of(test::kEd25519Key);
  CHECK(key.kind() == Kind::ed25519);
  const auto signature = key.sign_ed25519(
      "A\x01"
      "EXAMPLE\x01SPOT\x01"
      "1\x01"
      "20240627-11:17:25.223");
  REQUIRE(signature.has_value());
  CHECK(base::to_base64(*signature) ==
        "4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA==");
}

TEST_CASE("RSA PKCS#1 v1.5 over SHA-256: what openssl dgst gives for the same key") {
  const auto key = key_of(test::kRsaKey);
  CHECK(key.kind() == Kind::rsa);
  const auto signature = key.sign_sha256_rsa_pkcs1("symbol=BTCUSDT&side=SELL");
  REQUIRE(signature.has_value());
  CHECK(
      base::to_base64(*signature) ==
      "i4VGOmbR0JHuQumQtHmfQgiJa5yOXrAldIGGOa8GXEjU1Qb3J4qEvBF+2BtQE0k/8U6kfVq1b+dpCtlGu2IgYSqPv4l/"
      "gdVW7Z0JGtIOBh0zIIPob0squJpLbmudwDUbCYpq8eQoAk7ci+JhtzSZOyVZMnTZVFsveAy0n+6Nh9gBUQfCXG5dyPon"
      "EWwE8ILsE6yc/7/exOhOeXRpibLqIO4nSb0Ex8H3WwtaB/Afq+mGoyS1vA967AW6q3QQNe3FpNA09gBQbd6p4+tdAU2v"
      "ycSA4Z3y1WVPxyyXapDazBx7X6xsqTxD06XtqxxU0BcF0d9lvfkqreKs20u5/LOzAQ==");
}

TEST_CASE("The public half of an RSA key: Snowflake's fingerprint of it") {
  const auto der = key_of(test::kJwtRsaKey).public_der();
  REQUIRE(der.has_value());
  Digest digest;
  REQUIRE(digest.hash(HashKind::sha256, *der).has_value());
  CHECK(base::to_base64(digest.view()) == "b9E8JDWjYefFiM0X9V9a098Bd6ZsFyemogCEX016uIw=");
}

TEST_CASE("An Ed25519 key of bare bytes is read, with and without its public half") {
  const auto whole = base::from_base64(test::kCoinbaseKey).value();
  const auto key = key_of(test::kCoinbaseKey);
  CHECK(key.kind() == Kind::ed25519);
  CHECK(key.public_der()->ends_with(whole.substr(32)));
  CHECK(der_of(key_of(base::to_base64(whole.substr(0, 32)))) == der_of(key));
  auto other = whole;
  other.back() ^= 1;
  CHECK(failure(base::to_base64(other)) == base::Errc::invalid_input);
  CHECK(failure(base::to_base64(whole.substr(0, 33))) == base::Errc::invalid_input);
}

TEST_CASE("The traditional forms and base64 on one line are the same keys as their PKCS#8 PEM") {
  const auto rsa = der_of(key_of(test::kRsaKey));
  CHECK(der_of(key_of(test::kRsaKeyTraditional)) == rsa);
  CHECK(der_of(key_of(base::to_base64(rsa) + "\n")) == rsa);
  const auto ec = key_of(test::kEcKeyTraditional);
  CHECK(ec.kind() == Kind::ec);
  CHECK(key_of(der_of(ec).empty() ? "" : base::to_base64(der_of(ec))).kind() == Kind::ec);
  CHECK(key_of(test::kEcKey).kind() == Kind::ec);
}

TEST_CASE("PEM with Windows line ends, text around it, or its line ends written out is read") {
  const auto expected = der_of(key_of(test::kEcKey));
  std::string windows = "Bag Attributes: none\r\n";
  std::string json;
  for (const char c : test::kEcKey) {
    windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
    json += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  CHECK(der_of(key_of(windows + "more\r\n")) == expected);
  CHECK(der_of(key_of(json)) == expected);
}

TEST_CASE("What write_der gives makes the same key again") {
  for (const auto text : {test::kRsaKey, test::kEd25519Key, test::kEcKey}) {
    const auto key = key_of(text);
    const auto again = PrivateKey::from_der(der_of(key));
    REQUIRE(again.has_value());
    CHECK(again->kind() == key.kind());
    CHECK(der_of(*again) == der_of(key));
  }
}

TEST_CASE("A key signs only in its own way") {
  CHECK(key_of(test::kRsaKey).sign_ed25519("m").error().code == base::Errc::unsupported);
  CHECK(key_of(test::kEd25519Key).sign_sha256_rsa_pkcs1("m").error().code ==
        base::Errc::unsupported);
  CHECK(key_of(test::kEcKey).sign_sha256_rsa_pkcs1("m").error().code == base::Errc::unsupported);
  CHECK(key_of(test::kRsaKey).sign_es256("m").error().code == base::Errc::unsupported);
  CHECK(key_of(test::kP384Key).sign_es256("m").error().code == base::Errc::unsupported);
}

TEST_CASE("Encrypted keys, and kinds that nothing here signs with, are refused as such") {
  CHECK(failure(test::kRsaKeyEncrypted) == base::Errc::unsupported);
  CHECK(failure(test::kEcKeyEncrypted) == base::Errc::unsupported);
  CHECK(failure(test::kSecp256k1Key) == base::Errc::unsupported);
  CHECK(failure(test::kRsaKeyOf1024Bits) == base::Errc::unsupported);
  CHECK(failure("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n") ==
        base::Errc::unsupported);
}

TEST_CASE("What is no private key is refused") {
  const auto text =
      GENERATE(std::string(""),
               std::string("\n"),
               std::string("not base64 at all!"),
               std::string("AAAA"),
               std::string("MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89uAA=="),
               std::string("MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m88="),
               std::string("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIJEYWtG\n"),
               std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  INFO(text);
  CHECK(failure(text) == base::Errc::invalid_input);
}

TEST_CASE("Of two private keys in a text, neither is taken") {
  const std::string key(test::kEcKey);
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  CHECK(key_of(certificate + key + certificate).kind() == Kind::ec);
  for (const auto& text : {key + key,
                           key + std::string(test::kRsaKeyTraditional),
                           key + certificate + key,
                           key + std::string(test::kEcKeyEncrypted),
                           key + "-----BEGIN PRIVATE KEY-----\nAAAA\n"}) {
    const auto failed = PrivateKey::from_text(text);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().code == base::Errc::invalid_input);
    CHECK(std::string_view(failed.error().note.text()).starts_with("more than one key"));
  }
}

TEST_CASE("Numbers that do not belong together make no key") {
  // One character of the coefficient; one of the public point.
  CHECK(failure(replaced(test::kRsaKey, "CX4DvxzX", "CX4DvxzY")) == base::Errc::invalid_input);
  CHECK(failure(replaced(test::kRsaKey, "5X6f9inb", "5X6f9ind")) == base::Errc::invalid_input);
  CHECK(failure(replaced(test::kEcKey, "OUMJoyNRv1l", "OUMJoyNRv1k")) == base::Errc::invalid_input);
  CHECK(failure(replaced(test::kEcKey, "XriylcpZd", "XriylcpZe")) == base::Errc::invalid_input);
}

TEST_CASE("Every shorter beginning of a key, and one with a byte more, is refused") {
  for (const auto text : {test::kRsaKey, test::kEd25519Key, test::kEcKey}) {
    const auto der = der_of(key_of(text));
    for (std::size_t size = 0; size < der.size(); ++size) {
      REQUIRE_FALSE(PrivateKey::from_der(der.substr(0, size)).has_value());
    }
    CHECK_FALSE(PrivateKey::from_der(der + '\0').has_value());
  }
}

TEST_CASE("write_der says when there is no room") {
  REQUIRE(vault::lock_memory().has_value());
  auto out = vault::LockedBuffer::of_capacity(10);
  REQUIRE(out.has_value());
  CHECK(key_of(test::kEcKey).write_der(*out).error().code == base::Errc::limit_exceeded);
  CHECK(out->size() == 0);
}

}  // namespace keyswap::bindings
