// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/aes.h"

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"

namespace keyswap::bindings::aes {

namespace {

std::string bytes(std::string_view hex) {
  const auto bytes = base::from_hex(hex);
  REQUIRE(bytes);
  return *bytes;
}

std::string ascending(char from, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += static_cast<char>(static_cast<std::size_t>(from) + i);
  }
  return text;
}

std::string flipped(std::string text, std::size_t at) {
  text[at] = static_cast<char>(text[at] ^ 1);
  return text;
}

}  // namespace

TEST_CASE("RFC 5869's first and second examples, expanded") {
  REQUIRE(vault::lock_memory());
  const auto first =
      expand(bytes("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
             bytes("f0f1f2f3f4f5f6f7f8f9"),
             42);
  REQUIRE(first);
  CHECK(base::to_hex(first->reveal()) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  const auto second =
      expand(bytes("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244"),
             ascending('\xb0', 80),
             82);
  REQUIRE(second);
  CHECK(base::to_hex(second->reveal()) ==
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
        "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  CHECK(expand("prk", "info", 255 * 32));
  CHECK_FALSE(expand("prk", "info", 255 * 32 + 1));
}

TEST_CASE(
    "what CBC opens: NIST's example, padded; a wrong padding and no whole block are refused") {
  REQUIRE(vault::lock_memory());
  // SP 800-38A, F.2.5, one block, and one more that is all padding.
  const auto key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const auto iv = bytes("000102030405060708090a0b0c0d0e0f");
  const auto sealed = bytes("f58c4c04d6e5f1ba779eabfb5f7bfbd6485a5c81519cf378fa36d42b8547edc0");
  const auto opened = open_cbc(key, iv, sealed);
  REQUIRE(opened);
  CHECK(base::to_hex(opened->reveal()) == "6bc1bee22e409f96e93d7e117393172a");
  CHECK_FALSE(open_cbc(key, iv, flipped(sealed, sealed.size() - 1)));
  CHECK_FALSE(open_cbc(key, iv, sealed.substr(0, 31)));
  CHECK_FALSE(open_cbc(key, iv, ""));
  CHECK_FALSE(open_cbc(key.substr(1), iv, sealed));
  CHECK_FALSE(open_cbc(key, iv.substr(1), sealed));
}

TEST_CASE("GCM: what was sealed opens, and nothing that differs in one byte") {
  REQUIRE(vault::lock_memory());
  const auto key = ascending('\0', kKeyBytes);
  const auto nonce = ascending('\0', kNonceBytes);
  const auto sealed = seal_gcm(key, nonce, "sk-live-0123456789", "row 1");
  REQUIRE(sealed);
  const auto open = [&](const std::string& with_key,
                        const std::string& with_nonce,
                        const std::string& text,
                        std::string_view associated) {
    const std::string_view all = text;
    return open_gcm(with_key,
                    {.nonce = with_nonce,
                     .sealed = all.substr(0, all.size() - kTagBytes),
                     .tag = all.substr(all.size() - kTagBytes),
                     .associated = associated});
  };
  const auto opened = open(key, nonce, *sealed, "row 1");
  REQUIRE(opened);
  CHECK(opened->reveal() == "sk-live-0123456789");
  CHECK_FALSE(open(key, nonce, *sealed, "row 2"));
  CHECK_FALSE(open(flipped(key, 0), nonce, *sealed, "row 1"));
  CHECK_FALSE(open(key, flipped(nonce, 0), *sealed, "row 1"));
  for (std::size_t at = 0; at < sealed->size(); ++at) {
    INFO(at);
    CHECK_FALSE(open(key, nonce, flipped(*sealed, at), "row 1"));
  }
  // Sealed without associated data: backends.md's value of a row sealed here.
  const auto plain = seal_gcm(key, nonce, "sk-live-0123456789", "");
  REQUIRE(plain);
  CHECK(base::to_hex(*plain) ==
        "3469fb77ac93a736bd70a5b885dc4e5abbefa9b7cb6d8017588bafdb4153bbb1f450");
}

}  // namespace keyswap::bindings::aes
