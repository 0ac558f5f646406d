// SPDX-License-Identifier: Apache-2.0
#include "audit/sha256.h"

#include <string>

#include <catch2/catch.hpp>

#include "audit/chain.h"

namespace keyswap::audit {

namespace {

std::string hex_of(const Hash& hash) {
  std::string hex;
  append_hex(hash.data(), hash.size(), hex);
  return hex;
}

}  // namespace

TEST_CASE("a hash is what FIPS 180-4 says", "[I7]") {
  CHECK(hex_of(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex_of(sha256({"abc"})) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a hash is the same however its text is cut", "[I7]") {
  const std::string text(200, 'x');
  const Hash whole = sha256({text});
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view all = text;
    CHECK(sha256({all.substr(0, cut), all.substr(cut)}) == whole);
  }
  CHECK(sha256({text, "x"}) != whole);
}

}  // namespace keyswap::audit
