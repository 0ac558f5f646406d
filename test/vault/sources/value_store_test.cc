// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/value_store.h"

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

constexpr std::size_t kMany = 100;

const int kOwners[2] = {};  // NOLINT(modernize-avoid-c-arrays): two addresses
const ValueStore::Owner kOne = &kOwners[0];
const ValueStore::Owner kOther = &kOwners[1];

KeptValue value_of(std::string_view text, std::int64_t end_us = 1'000) {
  REQUIRE(lock_memory());
  auto secret = Secret::copy_of(text);
  REQUIRE(secret);
  KeptValue kept;
  kept.value = std::move(*secret);
  kept.end_us = end_us;
  kept.stale_end_us = end_us;
  return kept;
}

bool has(ValueStore& store, ValueStore::Owner owner, std::string_view key) {
  return store.find(owner, key).has_value();
}

}  // namespace

TEST_CASE("a value is found under its owner and key alone") {
  ValueStore store(kMany);
  store.put(kOne, "K", value_of("one"), kMany);
  store.put(kOther, "K", value_of("other"), kMany);
  const auto found = store.find(kOne, "K");
  REQUIRE(found);
  CHECK(found->value.reveal() == "one");
  CHECK(store.find(kOther, "K")->value.reveal() == "other");
  CHECK_FALSE(has(store, kOne, "L"));
  CHECK(store.bytes() == 8);
}

TEST_CASE("G07 with room for two, the third drops the one that was used least lately") {
  ValueStore store(kMany);
  store.put(kOne, "A", value_of("a"), 2);
  store.put(kOne, "B", value_of("b"), 2);
  store.put(kOne, "C", value_of("c"), 2);
  CHECK_FALSE(has(store, kOne, "A"));
  CHECK(has(store, kOne, "B"));
  CHECK(has(store, kOne, "C"));
}

TEST_CASE("G08 reading a value is a use of it") {
  ValueStore store(kMany);
  store.put(kOne, "A", value_of("a"), 2);
  store.put(kOne, "B", value_of("b"), 2);
  CHECK(has(store, kOne, "A"));
  store.put(kOne, "C", value_of("c"), 2);
  CHECK(has(store, kOne, "A"));
  CHECK_FALSE(has(store, kOne, "B"));
}

TEST_CASE("a mere look at a value is no use of it") {
  ValueStore store(kMany);
  store.put(kOne, "A", value_of("a"), 2);
  store.put(kOne, "B", value_of("b"), 2);
  CHECK(store.find(kOne, "A", ValueStore::Reading::look));
  store.put(kOne, "C", value_of("c"), 2);
  CHECK_FALSE(has(store, kOne, "A"));
}

TEST_CASE("one source's values are no others' number, but all share the bytes") {
  ValueStore store(10);
  store.put(kOne, "A", value_of("1234"), 1);
  store.put(kOther, "A", value_of("1234"), 1);
  CHECK(has(store, kOne, "A"));
  CHECK(store.bytes() == 8);
  store.put(kOther, "B", value_of("123456"), 2);  // both of the others do not fit beside it
  CHECK(store.bytes() == 10);
  CHECK(has(store, kOne, "A"));
  CHECK_FALSE(has(store, kOther, "A"));
  store.put(kOther, "C", value_of("12345678901"), 9);  // larger than everything
  CHECK_FALSE(has(store, kOther, "C"));
  CHECK(has(store, kOther, "B"));
}

TEST_CASE("what is replaced, dropped, ended or pushed out is wiped", "[I1]") {
  ValueStore store(kMany);
  const auto put = [&](std::string_view key, std::int64_t end_us = 1'000) {
    KeptValue kept = value_of("value", end_us);
    const Secret::Watch watch(kept.value);
    store.put(kOne, key, std::move(kept), 2);
    return watch;
  };
  const auto replaced = put("A");
  const auto dropped = put("A");
  CHECK_FALSE(replaced.find());
  CHECK(dropped.find());
  store.drop(kOne, "A");
  CHECK_FALSE(dropped.find());
  const auto ended = put("A", 10);
  const auto lasts = put("B", 11);
  store.drop_ended(10, 0);
  CHECK_FALSE(ended.find());
  CHECK(lasts.find());
  put("C");
  put("D");
  CHECK_FALSE(lasts.find());
  CHECK(store.drop_all(kOther) == 0);
  CHECK(store.count(kOne) == 2);
  CHECK(store.drop_all(kOne) == 2);
  CHECK(store.count(kOne) == 0);
  CHECK(store.bytes() == 0);
}

TEST_CASE("what its source says to be over is wiped, though the steady clock stood", "[I1]") {
  ValueStore store(kMany);
  KeptValue kept = value_of("value");
  kept.expires_at = 20;
  store.put(kOne, "A", std::move(kept), kMany);
  store.put(kOne, "B", value_of("value"), kMany);
  store.drop_ended(1, 19);
  CHECK(has(store, kOne, "A"));
  store.drop_ended(1, 20);
  CHECK_FALSE(has(store, kOne, "A"));
  CHECK(has(store, kOne, "B"));
}

TEST_CASE("fields of one value do not make room for each other, values do") {
  ValueStore store(kMany);
  const auto put = [&](std::string_view key, std::string_view field_of) {
    KeptValue kept = value_of("value");
    kept.field_of = field_of;
    store.put(kOne, key, std::move(kept), 2);
  };
  for (const auto* const key : {"role#id", "role#key", "role#token"}) {
    put(key, "role");
  }
  CHECK(store.count(kOne) == 3);  // more than two, but all of them are needed at once
  put("other#id", "other");
  CHECK(has(store, kOne, "other#id"));
  CHECK(store.count(kOne) == 2);
}

TEST_CASE("an owner's keys are told, and no other's") {
  ValueStore store(kMany);
  CHECK(store.keys(kOne).empty());
  store.put(kOne, "K", value_of("one"), kMany);
  store.put(kOther, "L", value_of("other"), kMany);
  CHECK(store.keys(kOne) == std::vector<std::string>{"K"});
}

TEST_CASE("when the first of an owner's values is over is told") {
  ValueStore store(kMany);
  CHECK_FALSE(store.first_end_us(kOne));
  store.put(kOne, "K", value_of("one", 700), kMany);
  store.put(kOne, "L", value_of("two", 500), kMany);
  store.put(kOther, "M", value_of("other", 300), kMany);
  CHECK(store.first_end_us(kOne) == 500);
}

}  // namespace keyswap::vault
