// SPDX-License-Identifier: Apache-2.0
#include "bindings/private_key_der.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/bindings/sample_keys.h"

namespace keyswap::bindings {

namespace {

std::string der(std::string_view hex) {
  return base::from_hex(hex).value();
}

const std::string kSeed(64, '5');

}  // namespace

TEST_CASE("An Ed25519 key is its seed, with or without attributes and its public key") {
  const auto plain = der("302e020100300506032b657004220420" + kSeed);
  const auto numbers = read_pkcs8(plain);
  REQUIRE(numbers.has_value());
  CHECK(std::get<Ed25519Seed>(*numbers).bytes == std::string(32, 'U'));
  // RFC 8410 section 10.3, its second form: version 1, and the public key after it.
  const auto longer =
      der("3051020101300506032b657004220420" + kSeed + "8121" + "00" + std::string(64, '1'));
  CHECK(read_pkcs8(longer).has_value());
}

TEST_CASE("DER has one form only: longer lengths, and bytes after the end, are refused") {
  CHECK_FALSE(read_pkcs8(der("30812e020100300506032b657004220420" + kSeed)).has_value());
  CHECK_FALSE(read_pkcs8(der("3082002e020100300506032b657004220420" + kSeed)).has_value());
  CHECK_FALSE(read_pkcs8(der("3080020100300506032b657004220420" + kSeed + "0000")).has_value());
  CHECK_FALSE(read_pkcs8(der("302e020100300506032b657004220420" + kSeed + "00")).has_value());
  CHECK_FALSE(read_pkcs8(der("302e020102300506032b657004220420" + kSeed)).has_value());
  CHECK_FALSE(read_pkcs8(der("302f020100300506032b65700423042055" + kSeed)).has_value());
}

TEST_CASE("An RSA key of PEM is read to its eight numbers") {
  REQUIRE(vault::lock_memory().has_value());
  const auto pkcs8 = pkcs8_of_text(test::kRsaKeyTraditional);
  REQUIRE(pkcs8.has_value());
  const auto numbers = read_pkcs8(pkcs8->reveal());
  REQUIRE(numbers.has_value());
  const auto& rsa = std::get<RsaNumbers>(*numbers);
  CHECK(rsa.modulus.size() == 256);
  CHECK(rsa.public_exponent == std::string_view("\x01\x00\x01", 3));
  CHECK(rsa.prime1.size() == 128);
  CHECK(rsa.coefficient.size() == 128);
}

TEST_CASE("A P-384 key without its point is no bare Ed25519 key, though it is as long") {
  REQUIRE(vault::lock_memory().has_value());
  const std::string number = std::string(94, '0') + "07";
  const auto key = der("303e0201010430" + number + "a00706052b81040022");
  REQUIRE(key.size() == 64);
  const auto pkcs8 = pkcs8_of_text(base::to_base64(key));
  REQUIRE(pkcs8.has_value());
  const auto numbers = read_pkcs8(pkcs8->reveal());
  REQUIRE(numbers.has_value());
  const auto* const ec = std::get_if<EcNumbers>(&*numbers);
  REQUIRE(ec != nullptr);
  CHECK(ec->curve == Curve::p384);
  CHECK(ec->number == der(number));
}

TEST_CASE("A bare Ed25519 key that begins as a sequence of its length does stays one") {
  REQUIRE(vault::lock_memory().has_value());
  const auto seed = der("301e" + kSeed.substr(4));
  const auto pkcs8 = pkcs8_of_text(base::to_base64(seed));
  REQUIRE(pkcs8.has_value());
  const auto numbers = read_pkcs8(pkcs8->reveal());
  REQUIRE(numbers.has_value());
  const auto* const read = std::get_if<Ed25519Seed>(&*numbers);
  REQUIRE(read != nullptr);
  CHECK(read->bytes == seed);
}

TEST_CASE("A traditional EC key that does not name its curve cannot be wrapped") {
  REQUIRE(vault::lock_memory().has_value());
  const auto nameless = der("30250201010420" + kSeed);
  CHECK_FALSE(pkcs8_of_text(base::to_base64(nameless)).has_value());
}

}  // namespace keyswap::bindings
