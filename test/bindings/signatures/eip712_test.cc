// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/eip712.h"

#include <catch2/catch.hpp>

#include "bindings/signatures/keccak.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

TEST_CASE("EIP-712 hashes texts, and writes numbers in 32 bytes, big-endian") {
  CHECK(eip712::string_member("Exchange") == keccak256("Exchange"));
  CHECK(base::to_hex(eip712::number_member(0)) == std::string(64, '0'));
  CHECK(base::to_hex(eip712::number_member(1337)) == std::string(60, '0') + "0539");
  CHECK(base::to_hex(eip712::number_member(UINT64_MAX)) ==
        std::string(48, '0') + std::string(16, 'f'));
}

TEST_CASE("what EIP-712 has signed depends on the domain, the type and each member") {
  // Computed in Python; with this digest the vector of Hyperliquid's client comes out
  // (secp256k1_test).
  const std::string type = "Agent(string source,bytes32 connectionId)";
  const auto hash =
      base::from_hex("f528daee6a0bd11407b483cfcd9a48c56884180b70ee86f124053e5fc1bf4d57").value();
  const auto agent = eip712::hash_struct(type, {eip712::string_member("a"), hash});
  CHECK(base::to_hex(eip712::digest_of({"Exchange", "1", 1337}, agent)) ==
        "e0aabfac88a47d3e7028b6ba6a94b30c8afcfffac26cbce788cf362b1312eafa");
  CHECK(eip712::digest_of({"Exchange", "2", 1337}, agent) !=
        eip712::digest_of({"Exchange", "1", 1337}, agent));
  CHECK(eip712::hash_struct(type, {eip712::string_member("b"), hash}) != agent);
  CHECK(eip712::hash_struct("Agent(string source)", {eip712::string_member("a"), hash}) != agent);
}

}  // namespace keyswap::bindings
