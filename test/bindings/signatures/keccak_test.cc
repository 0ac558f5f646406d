// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/keccak.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

std::string hex_of(const std::string& text) {
  return base::to_hex(keccak256(text));
}

}  // namespace

TEST_CASE("Keccak-256 is not SHA3-256: the hash of nothing that Ethereum knows") {
  CHECK(hex_of("") == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  // EIP-712's type of a domain, as the contracts of that EIP have it.
  CHECK(hex_of("EIP712Domain(string name,string version,uint256 chainId,address "
               "verifyingContract)") ==
        "8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f");
}

TEST_CASE("Keccak-256 around the end of a block, and over several") {
  // Computed with an own implementation in Python.
  CHECK(hex_of(std::string(135, 'a')) ==
        "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446");
  CHECK(hex_of(std::string(136, 'a')) ==
        "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e");
  CHECK(hex_of(std::string(137, 'a')) ==
        "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39");
  CHECK(hex_of(std::string(500, '\xff')) ==
        "40713aa4b15ae516e78b89e9a1412713d9faaa957feec451e83cf275c20ad51a");
}

}  // namespace keyswap::bindings
