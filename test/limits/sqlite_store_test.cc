// SPDX-License-Identifier: Apache-2.0
//
// The two stores there are do the same (proxy/limits/store.h): the ledger cannot tell them apart.
#include "proxy/limits/sqlite_store.h"

#include <catch2/catch.hpp>

#include "test/limits/temp_folder.h"
#include "test/support/fake_store.h"

namespace keyswap::limits {

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int64_t kNow = 20'000 * kDayUs + 3'600'000'000;

// Grants or refuses in a round of its own.
ClaimAnswer claim_of(Store& store, std::int64_t amount, std::int64_t wall_us = kNow) {
  REQUIRE(store.begin());
  const auto answer = store.reserve({{{"K", amount, 10}, {"L", amount, 8}}, "N", wall_us});
  REQUIRE(answer);
  REQUIRE(store.commit());
  return *answer;
}

std::int64_t used_of(Store& store, const std::string& account) {
  const auto rows = store.read();
  REQUIRE(rows);
  std::int64_t used = 0;
  for (const UsageRow& row : *rows) {
    used += row.account == account ? row.used : 0;
  }
  return used;
}

void check(Store& store) {
  const auto first = claim_of(store, 6);
  CHECK(first.outcome == ClaimOutcome::granted);
  CHECK(first.day == 20'000);
  CHECK(first.resets_us == 20'001 * kDayUs);
  const auto second = claim_of(store, 3);
  CHECK(second.outcome == ClaimOutcome::refused);
  CHECK(second.refused == 1);
  CHECK(claim_of(store, 2).nonce > first.nonce);
  CHECK(used_of(store, "K") == 8);

  // A round that is taken back counts for nothing.
  REQUIRE(store.begin());
  REQUIRE(store.settle({"K", 20'000, 5}));
  store.roll_back();
  CHECK(used_of(store, "K") == 8);
  REQUIRE(store.begin());
  REQUIRE(store.settle({"K", 20'000, 500}));
  REQUIRE(store.carry_over({"L", {"M"}}));
  REQUIRE(store.commit());
  CHECK(used_of(store, "K") == 0);
  CHECK(used_of(store, "L") == 0);
  CHECK(used_of(store, "M") == 8);

  CHECK(claim_of(store, 1, kNow + kDayUs).day == 20'001);
  CHECK(claim_of(store, 1).day == 20'001);
  CHECK(store.newest_day() == 20'001);
}

}  // namespace

TEST_CASE("a store reserves, settles, carries over and reads, in rounds") {
  SECTION("SQLite") {
    const test::TempFolder folder;
    auto store = SqliteStore::open(folder.file());
    REQUIRE(store);
    check(**store);
    CHECK(read_usage(folder.file())->size() == (*store)->read()->size());
  }
  SECTION("the tests' own") {
    keyswap::test::FakeStore store(std::make_shared<keyswap::test::FakeStore::Kept>());
    check(store);
  }
}

}  // namespace keyswap::limits
