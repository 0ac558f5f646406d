// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/repeats.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::net {

namespace {

constexpr std::int64_t kWindow = base::bounds::kRepeatsWindowMs * 1000;

struct Item {
  std::string text;
  std::uint64_t count = 1;
};

using Counted = Repeats<std::string, Item>;

}  // namespace

TEST_CASE("of a kind a few are recorded at once, the others once a window with their number",
          "[I10]") {
  Counted counted(8);
  CHECK(counted.empty());
  CHECK(counted.add("a", {"1"}, 2, 0));
  CHECK(counted.add("a", {"2"}, 2, 0));
  for (int i = 3; i <= 1000; ++i) {
    CHECK_FALSE(counted.add("a", {std::to_string(i)}, 2, 10));
  }
  CHECK(counted.take_due(10 + kWindow - 1).empty());
  const auto due = counted.take_due(10 + kWindow);
  REQUIRE(due.size() == 1);
  CHECK(due[0].text == "1000");
  CHECK(due[0].count == 998);
}

TEST_CASE("a kind that goes on has a record a window, and one that stops is forgotten") {
  Counted counted(8);
  CHECK(counted.add("a", {"x"}, 1, 0));
  std::uint64_t told = 1;
  std::uint64_t records = 1;
  std::int64_t now = 0;
  for (int i = 0; i < 10'000; ++i) {
    now += kWindow / 1000;
    told += counted.add("a", {"x"}, 1, now) ? 1 : 0;
    for (const Item& due : counted.take_due(now)) {
      told += due.count;
      ++records;
    }
  }
  for (const Item& due : counted.take_due(now + kWindow)) {
    told += due.count;
    ++records;
  }
  CHECK(told == 10'001);
  CHECK(records <= 12);
  static_cast<void>(counted.take_due(now + 3 * kWindow));
  CHECK(counted.empty());
  CHECK(counted.add("a", {"x"}, 1, now + 3 * kWindow));
}

TEST_CASE("one kind's flood costs another nothing") {
  Counted counted(8);
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(counted.add("a", {"x"}, 1, 0));
  }
  CHECK(counted.add("b", {"y"}, 1, 0));
}

TEST_CASE("kinds are bounded, and those that are over make room", "[I10]") {
  Counted counted(2);
  CHECK(counted.add("a", {"x"}, 1, 0));
  CHECK(counted.add("b", {"x"}, 1, 0));
  CHECK(counted.has_room_for("a", 0));
  CHECK_FALSE(counted.has_room_for("c", 0));
  CHECK_FALSE(counted.add({}, {"several"}, 0, 0));
  CHECK(counted.has_room_for("c", kWindow));
  const auto due = counted.take_due(kWindow);
  REQUIRE(due.size() == 1);
  CHECK(due[0].text == "several");
}

TEST_CASE("at the end all that was counted is told, however lately") {
  Counted counted(2);
  CHECK_FALSE(counted.add("a", {"x"}, 0, 0));
  const auto due = counted.take_all();
  REQUIRE(due.size() == 1);
  CHECK(due[0].count == 1);
}

}  // namespace keyswap::net
