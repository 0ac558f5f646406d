// SPDX-License-Identifier: Apache-2.0
//
// What is opened here is backends' own vector: key 00…1f, nonce 00…0b.
#include "vault/sources/transit_row.h"

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "vault/arena.h"
#include "vault/secret.h"

namespace keyswap::vault::transit {

namespace {

constexpr std::string_view kKey =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr std::string_view kRow =
    "aes:000102030405060708090a0b:a9b7cb6d8017588bafdb4153bbb1f450:"
    "3469fb77ac93a736bd70a5b885dc4e5abbef";

Secret key() {
  REQUIRE(lock_memory());
  auto made = read_local_key(kKey);
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("a row says by its beginning who sealed it, and with which version of the key") {
  CHECK(row_kind("vault:v1:AAEC") == RowKind::by_transit);
  CHECK(row_kind(kRow) == RowKind::by_ourselves);
  CHECK(row_kind("sk-live") == RowKind::plain);
  CHECK(row_kind("") == RowKind::plain);
  CHECK(key_version("vault:v12:AAEC") == "v12");
  for (const auto* const none :
       {"vault:v:AAEC", "vault:vx:AAEC", "vault:v1", "vault:", "aes:v1:", ""}) {
    INFO(none);
    CHECK(key_version(none).empty());
  }
}

TEST_CASE("M05 the vector opens, and what is sealed here does, each time under another nonce") {
  const Secret with = key();
  const auto opened = open_here(kRow, with);
  REQUIRE(opened);
  CHECK(opened->reveal() == "sk-live-0123456789");
  const auto one = seal_here("sk-live-0123456789", with);
  const auto other = seal_here("sk-live-0123456789", with);
  REQUIRE((one && other));
  CHECK(one->reveal().size() == kRow.size());
  CHECK(one->reveal() != other->reveal());
  const auto again = open_here(one->reveal(), with);
  REQUIRE(again);
  CHECK(again->reveal() == "sk-live-0123456789");
  CHECK_FALSE(open_here("vault:v1:AAEC", with));
}

}  // namespace keyswap::vault::transit
