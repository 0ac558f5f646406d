// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/public_key.h"

#include <array>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/private_key.h"
#include "proxy/base/bytes.h"
#include "test/bindings/jwt_keys.h"
#include "test/bindings/sample_keys.h"
#include "vault/secret.h"

namespace keyswap::bindings {

namespace {

using Kind = PublicKey::Kind;

PublicKey public_of(std::string_view text) {
  auto key = PublicKey::from_text(text);
  REQUIRE(key.has_value());
  return std::move(key).value();
}

PrivateKey private_of(std::string_view text) {
  REQUIRE(vault::lock_memory().has_value());
  auto key = PrivateKey::from_text(text);
  REQUIRE(key.has_value());
  return std::move(key).value();
}

base::Errc failure(std::string_view text) {
  const auto key = PublicKey::from_text(text);
  REQUIRE_FALSE(key.has_value());
  return key.error().code;
}

std::string signature_by(const PrivateKey& key, std::string_view message) {
  const auto made = key.kind() == PrivateKey::Kind::rsa  ? key.sign_sha256_rsa_pkcs1(message)
                    : key.kind() == PrivateKey::Kind::ec ? key.sign_es256(message)
                                                         : key.sign_ed25519(message);
  REQUIRE(made.has_value());
  return *made;
}

struct Pair {
  std::string_view secret_half;
  std::string_view public_half;
  Kind kind;
};

constexpr std::array kPairs = {
    Pair{test::kJwtRsaKey, test::kJwtRsaPublic, Kind::rsa},
    Pair{test::kJwtEcKey, test::kJwtEcPublic, Kind::p256},
    Pair{test::kJwtEd25519Key, test::kJwtEd25519Public, Kind::ed25519},
};

}  // namespace

TEST_CASE("A public key verifies what its private half signed, and nothing else") {
  for (const auto& [secret_half, public_half, kind] : kPairs) {
    const auto key = public_of(public_half);
    CHECK(key.kind() == kind);
    const auto signature = signature_by(private_of(secret_half), "a message");
    CHECK(key.verifies("a message", signature));
    CHECK_FALSE(key.verifies("a messagf", signature));
    CHECK_FALSE(key.verifies("a message", ""));
    CHECK_FALSE(key.verifies("a message", signature + '\0'));
    CHECK_FALSE(key.verifies("a message", signature.substr(1)));
    for (std::size_t i = 0; i < signature.size(); ++i) {
      auto changed = signature;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      REQUIRE_FALSE(key.verifies("a message", changed));
    }
  }
}

TEST_CASE("A signature by another key of the same kind is none") {
  CHECK_FALSE(
      public_of(test::kJwtRsaPublic).verifies("m", signature_by(private_of(test::kRsaKey), "m")));
  CHECK_FALSE(public_of(test::kJwtEd25519Public)
                  .verifies("m", signature_by(private_of(test::kEd25519Key), "m")));
}

TEST_CASE("ECDSA without numbers is none: zeros, and what is not two of 32 bytes") {
  const auto key = public_of(test::kJwtEcPublic);
  CHECK_FALSE(key.verifies("m", std::string(64, '\0')));
  CHECK_FALSE(key.verifies("m", std::string(64, '\xff')));
  CHECK_FALSE(key.verifies("m", std::string(63, '\1')));
}

TEST_CASE("What a private key says is its public half is read again, also as base64 on one line") {
  for (const auto& [secret_half, public_half, kind] : kPairs) {
    const auto key = private_of(secret_half);
    const auto der = key.public_der();
    REQUIRE(der.has_value());
    const auto signature = signature_by(key, "m");
    CHECK(public_of(base::to_base64(*der) + "\n").verifies("m", signature));
    CHECK(public_of(public_half).verifies("m", signature));
  }
}

TEST_CASE("PEM with its line ends written out is read") {
  std::string text;
  for (const char c : test::kJwtEcPublic) {
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  CHECK(public_of(text).kind() == Kind::p256);
}

TEST_CASE("What is no public key is refused, and so is anything around one") {
  const std::string pem(test::kJwtEcPublic);
  for (const auto& text : {std::string(""),
                           std::string("AAAA"),
                           std::string("no key at all!"),
                           std::string(test::kJwtEcKey),
                           pem + pem,
                           "text " + pem,
                           pem.substr(0, pem.size() - 12)}) {
    INFO(text);
    CHECK(failure(text) == base::Errc::invalid_input);
  }
}

TEST_CASE("Every shorter beginning of a public key, and one with a byte more, is refused") {
  for (const auto& pair : kPairs) {
    const auto der = private_of(pair.secret_half).public_der().value();
    for (std::size_t size = 0; size < der.size(); ++size) {
      REQUIRE_FALSE(PublicKey::from_der(der.substr(0, size)).has_value());
    }
    CHECK_FALSE(PublicKey::from_der(der + '\0').has_value());
  }
}

TEST_CASE("A public key of a kind that nothing here verifies with is refused as such") {
  // P-384; RSA of 1024 bits (openssl genpkey).
  CHECK(
      failure("MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJTVdklcoxOaSnc6N40KARAqAaOCgEa7ETUQXiqYgtjsKzgHD"
              "1an6kkC92rkUhkqY0fnOqewpKDplJmo+3IdvGF9rDTp3x7eZly+rkVHeiimr0M2s42V2abGTc1PcgQDE") ==
      base::Errc::unsupported);
  CHECK(failure("MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDFiSR184JrR0zhIe+CENBbPZ6u72IeakoK/Q++0lMV"
                "JtB7A546VA9Ox+9V6ib+b4uLlnvwzjreePr2usfmx4Jb33zYv1YAJ22+vHb/7jf9HG5juNJKJvJ56gGR"
                "mfpuSWupUYaJ4cXU9wykmbAZx5FcjNaOBxoRGsLyM1mSZuhLiQIDAQAB") ==
        base::Errc::unsupported);
}

}  // namespace keyswap::bindings
