// SPDX-License-Identifier: Apache-2.0
#include "bindings/digest.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

struct Vector {
  HashKind kind;
  std::string hex;
};

}  // namespace

TEST_CASE("HMAC is that of RFC 4231 section 4.3, and of RFC 2202 for SHA-1") {
  const auto vector = GENERATE(
      Vector{HashKind::sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      Vector{HashKind::sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      Vector{
          HashKind::sha384,
          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ec"
          "fab21649"},
      Vector{
          HashKind::sha512,
          "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65"
          "f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"});
  Digest digest;
  REQUIRE(digest.hmac(vector.kind, "Jefe", "what do ya want for nothing?"));
  CHECK(base::to_hex(digest.view()) == vector.hex);
}

TEST_CASE("The published logins of Bitfinex's and Deribit's WebSockets are HMACs of their texts") {
  Digest digest;
  // github.com/bitfinexcom/bitfinex-api-go, its test of the nonce's signature.
  REQUIRE(digest.hmac(HashKind::sha384, "apiSecret1", "AUTHnonce1"));
  CHECK(base::to_hex(digest.view()) ==
        "6e7e3ab737bac9d36b6c3170356c9483edb0079cb65a2afa81efa9a6b906e0c3aeb16b574a44073dff4c0f604a"
        "dbdd7d");
  // docs.deribit.com, "Authentication": the example of `public/auth`.
  REQUIRE(digest.hmac(HashKind::sha256, "AMANDASECRECT", "1576074319000\n1iqt2wls\n"));
  CHECK(base::to_hex(digest.view()) ==
        "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1");
}

TEST_CASE("HMAC over pieces is HMAC over the whole, wherever it is cut") {
  const std::string message = "what do ya want for nothing?";
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    Hmac hmac;
    Digest digest;
    REQUIRE(hmac.begin(HashKind::sha256, "Jefe"));
    REQUIRE(hmac.add(message.substr(0, cut)));
    REQUIRE(hmac.add(message.substr(cut)));
    REQUIRE(hmac.finish(digest));
    REQUIRE(base::to_hex(digest.view()) ==
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

TEST_CASE("a hash over pieces is the hash of the whole, wherever it is cut") {
  const std::string message = "abc";
  for (std::size_t cut = 0; cut <= message.size(); ++cut) {
    Hasher hasher;
    Digest digest;
    REQUIRE(hasher.begin(HashKind::sha256));
    REQUIRE(hasher.append(message.substr(0, cut)));
    REQUIRE(hasher.append(message.substr(cut)));
    REQUIRE(hasher.finish(digest));
    // FIPS 180-4's example.
    CHECK(base::to_hex(digest.view()) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
}

TEST_CASE("An empty key and an empty message have an HMAC too") {
  Digest digest;
  REQUIRE(digest.hmac(HashKind::sha256, "", ""));
  CHECK(base::to_hex(digest.view()) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("The hashes of nothing are the published ones") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Digest digest;
  REQUIRE(digest.hash(HashKind::sha1, ""));
  CHECK(base::to_hex(digest.view()) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

}  // namespace keyswap::bindings
