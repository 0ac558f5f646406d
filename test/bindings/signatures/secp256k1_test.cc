// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/secp256k1.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "vault/secret.h"

namespace keyswap::bindings {

namespace {

const std::string kKey = "0123456789012345678901234567890123456789012345678901234567890123";
const std::string kHash =
    base::from_hex("e0aabfac88a47d3e7028b6ba6a94b30c8afcfffac26cbce788cf362b1312eafa").value();

}  // namespace

TEST_CASE("a wallet's signature is the one of RFC 6979, with the lower s") {
  // The digest of Hyperliquid's first vector, and its signature.
  REQUIRE(vault::lock_memory().has_value());
  for (const std::string& key : {kKey, "0x" + kKey}) {
    const auto signature = secp256k1::sign(key, kHash);
    REQUIRE(signature.has_value());
    CHECK(base::to_hex(signature->r) ==
          "053749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298");
    CHECK(base::to_hex(signature->s) ==
          "755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8");
    CHECK(signature->recovery == 0);
  }
}

TEST_CASE("what is no wallet's key signs nothing") {
  REQUIRE(vault::lock_memory().has_value());
  for (const auto& key : {std::string(),
                          std::string("0x"),
                          kKey.substr(2),
                          kKey + "01",
                          "0x0x" + kKey.substr(2),
                          std::string(64, 'g'),
                          std::string(64, '0'),
                          std::string(64, 'f')}) {
    INFO(key);
    CHECK(secp256k1::sign(key, kHash).error().code == base::Errc::invalid_input);
  }
}

}  // namespace keyswap::bindings
