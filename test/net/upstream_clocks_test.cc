// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/upstream_clocks.h"

#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::net {
namespace {

namespace bounds = base::bounds;
using audit::ClockEvent;

constexpr std::int64_t kMs = 1'000;
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kDay = 86'400 * kSecond;

// A machine, and upstreams that it asks. Their answers take `trip_us`.
struct Machine {
  Moments now{.wall_us = 1'700'000'000 * kSecond, .steady_us = 5 * kSecond};
  std::int64_t trip_us = 100 * kMs;
  UpstreamClocks clocks;

  static UpstreamKey key(const std::string& host = "a.test", std::uint64_t policy = 1) {
    return {"s" + host + ":443/", policy, "whoever"};
  }

  void pass(std::int64_t us) {
    now.wall_us += us;
    now.steady_us += us;
  }

  // An answer of an upstream whose clock is so much ahead of the machine's right one.
  std::optional<UpstreamClocks::Note> hear(std::int64_t ahead_us, const UpstreamKey& of = key()) {
    const std::int64_t sent_us = now.steady_us;
    pass(trip_us / 2);
    const std::int64_t date_s = (now.wall_us + ahead_us) / kSecond;
    pass(trip_us - trip_us / 2);
    return clocks.note(of, {date_s, sent_us, now});
  }

  [[nodiscard]] std::int64_t shift_ms(const UpstreamKey& of = key()) const {
    return clocks.shift_us(of, now) / kMs;
  }
};

// What is signed by it is no more than a second early, and never late.
void check_shift(std::int64_t shift_ms, std::int64_t ahead_us) {
  INFO(shift_ms);
  CHECK(shift_ms <= ahead_us / kMs);
  CHECK(shift_ms >= ahead_us / kMs - 1001);
}

}  // namespace

TEST_CASE("a clock that is right is neither told of nor followed, whatever its Date leaves out") {
  Machine machine;
  for (int i = 0; i < 50; ++i) {
    machine.pass(137 * kMs);
    CHECK_FALSE(machine.hear(0));
    CHECK(machine.shift_ms() == 0);
  }
  CHECK_FALSE(machine.clocks.may_shift());
  CHECK(machine.clocks.count_apart(machine.now) == 0);
}

TEST_CASE("a clock that differs by more than 30 s is told of once, and again when it agrees") {
  Machine machine;
  const auto told = machine.hear(90 * kSecond);
  REQUIRE(told);
  CHECK(told->event == ClockEvent::differs);
  CHECK(told->offset_us > 88 * kSecond);
  CHECK(told->offset_us <= 90 * kSecond);
  CHECK(told->error_us == kSecond + 50 * kMs);
  CHECK(machine.clocks.count_apart(machine.now) == 1);
  CHECK(machine.clocks.apart(machine.now).size() == 1);
  for (int i = 0; i < 200; ++i) {
    machine.pass(kSecond);
    CHECK_FALSE(machine.hear(90 * kSecond));
  }
  machine.pass(kMinute);
  const auto again = machine.hear(0);
  REQUIRE(again);
  CHECK(again->event == ClockEvent::agrees);
  CHECK(machine.clocks.count_apart(machine.now) == 0);
  machine.pass(kMinute);
  CHECK_FALSE(machine.hear(-29 * kSecond));
}

TEST_CASE("a clock that jumps about is told of once a minute at most", "[I10]") {
  Machine machine;
  int told = 0;
  for (int i = 0; i < 600; ++i) {
    machine.pass(900 * kMs);
    told += machine.hear(i % 2 == 0 ? kDay : -90 * kSecond) ? 1 : 0;
  }
  CHECK(told <= 11);
  CHECK(told > 2);
}

TEST_CASE("the time of an upstream is followed within its second, ahead and behind") {
  for (const std::int64_t ahead_us :
       {90 * kSecond, -90 * kSecond, 5 * kSecond, -3 * kSecond, 599 * kSecond}) {
    Machine machine;
    machine.pass(321 * kMs);
    machine.hear(ahead_us);
    CHECK(machine.clocks.may_shift());
    check_shift(machine.shift_ms(), ahead_us);
    machine.pass(9 * kMinute);
    check_shift(machine.shift_ms(), ahead_us);
  }
}

TEST_CASE("an upstream cannot make anything be signed for a day that it chooses") {
  for (const std::int64_t ahead_us : {kDay, -kDay, 602 * kSecond, -602 * kSecond}) {
    Machine machine;
    const auto told = machine.hear(ahead_us);
    REQUIRE(told);
    CHECK(told->event == ClockEvent::too_far);
    CHECK(machine.shift_ms() == 0);
  }
}

TEST_CASE("what was seen of a clock counts for ten minutes") {
  Machine machine;
  machine.hear(90 * kSecond);
  machine.pass(bounds::kClockKnownMs * kMs);
  CHECK(machine.shift_ms() != 0);
  machine.pass(1);
  CHECK(machine.shift_ms() == 0);
  CHECK(machine.clocks.count_apart(machine.now) == 0);
}

TEST_CASE("nothing is followed that was seen before this machine's clock was set, or it slept") {
  for (const std::int64_t set_us : {90 * kSecond, -90 * kSecond, 8 * 60 * kMinute, 2 * kSecond}) {
    Machine machine;
    machine.hear(90 * kSecond);
    machine.now.wall_us += set_us;
    CHECK(machine.shift_ms() == 0);
    machine.hear(90 * kSecond);
    CHECK(machine.shift_ms() != 0);
  }
  // A clock that is only led to the right time takes what is known with it.
  Machine machine;
  machine.hear(90 * kSecond);
  const std::int64_t before_ms = machine.shift_ms();
  machine.now.wall_us += 400 * kMs;
  CHECK(machine.shift_ms() == before_ms - 400);
}

TEST_CASE("one upstream's word counts for itself alone, and by its policy alone [I3]", "[I3]") {
  Machine machine;
  machine.hear(90 * kSecond, Machine::key("a.test", 2));
  CHECK(machine.shift_ms(Machine::key("a.test", 2)) != 0);
  CHECK(machine.shift_ms(Machine::key("b.test", 2)) == 0);
  CHECK(machine.shift_ms(Machine::key("a.test", 1)) == 0);
  CHECK(machine.shift_ms(Machine::key("a.test", 3)) == 0);
  // A request of a policy that is over says nothing of where the new one leads.
  CHECK_FALSE(machine.hear(-90 * kSecond, Machine::key("a.test", 1)));
  CHECK(machine.shift_ms(Machine::key("a.test", 2)) > 0);
  machine.hear(0, Machine::key("a.test", 3));
  CHECK(machine.shift_ms(Machine::key("a.test", 2)) == 0);
  CHECK(machine.shift_ms(Machine::key("a.test", 3)) == 0);
  CHECK_FALSE(machine.clocks.may_shift());
}

TEST_CASE("an answer that took long does not take the place of what is known better") {
  Machine machine;
  machine.hear(4 * kSecond);
  const std::int64_t known_ms = machine.shift_ms();
  CHECK(known_ms != 0);
  machine.trip_us = 9 * kSecond;  // what is known of it may be wrong by more than it differs
  machine.hear(4 * kSecond);
  CHECK(machine.shift_ms() == known_ms);
  machine.pass(bounds::kClockBetterMs * kMs);
  machine.hear(4 * kSecond);
  CHECK(machine.shift_ms() == 0);
  machine.trip_us = bounds::kClockTripMs * kMs + 2;
  CHECK_FALSE(machine.hear(kDay));
}

TEST_CASE("nothing is signed by a time that the upstream's newest answer contradicts") {
  Machine machine;
  machine.hear(90 * kSecond);
  machine.trip_us = 4 * kSecond;  // less exact, but it cannot be 90 s ahead any more
  machine.hear(0);
  CHECK(machine.shift_ms() == 0);
  CHECK_FALSE(machine.clocks.may_shift());
  machine.hear(0);
  CHECK(machine.shift_ms() == 0);
  CHECK(machine.clocks.count_apart(machine.now) == 0);
}

TEST_CASE("a clock that was set is followed once two answers in a row agree") {
  Machine machine;
  machine.hear(90 * kSecond);
  machine.pass(kSecond);
  machine.hear(-60 * kSecond);
  CHECK(machine.shift_ms() == 0);
  CHECK_FALSE(machine.clocks.may_shift());
  CHECK(machine.clocks.count_apart(machine.now) == 0);
  machine.pass(kSecond);
  machine.hear(-60 * kSecond);
  check_shift(machine.shift_ms(), -60 * kSecond);
  CHECK(machine.clocks.count_apart(machine.now) == 1);
}

TEST_CASE("of clocks that answer in turn under one name none is followed") {
  Machine machine;
  machine.hear(90 * kSecond);
  for (int i = 0; i < 100; ++i) {
    machine.pass(kSecond);
    machine.hear(i % 2 == 0 ? 0 : 90 * kSecond);
    REQUIRE(machine.shift_ms() == 0);
  }
}

TEST_CASE("an answer that only says less is no contradiction, nor is our clock's being led") {
  Machine machine;
  machine.hear(90 * kSecond);
  machine.now.wall_us += 900 * kMs;
  machine.trip_us = kSecond;
  machine.hear(90 * kSecond - 900 * kMs);
  check_shift(machine.shift_ms(), 90 * kSecond - 900 * kMs);
}

TEST_CASE("a venue that comes late is known for one that agrees, the oldest of them [I10]",
          "[I10]") {
  Machine machine;
  machine.trip_us = 0;
  machine.hear(90 * kSecond, Machine::key("off"));
  for (std::size_t i = 1; i < bounds::kClocksMax; ++i) {
    machine.pass(kMs);
    machine.hear(0, Machine::key("h" + std::to_string(i)));
  }
  machine.pass(kSecond);
  machine.hear(0, Machine::key("h1"));  // no longer the oldest
  CHECK(machine.hear(90 * kSecond, Machine::key("late")));
  CHECK(machine.shift_ms(Machine::key("late")) != 0);
  CHECK(machine.shift_ms(Machine::key("off")) != 0);
  CHECK(machine.clocks.count_apart(machine.now) == 2);
  // Of which it is still known that it agreed, that one is in doubt now. h2 made room.
  machine.hear(90 * kSecond, Machine::key("h1"));
  CHECK(machine.shift_ms(Machine::key("h1")) == 0);
  machine.hear(90 * kSecond, Machine::key("h2"));
  CHECK(machine.shift_ms(Machine::key("h2")) != 0);
}

TEST_CASE("a clock that makes room for others is not told of more often for that [I10]", "[I10]") {
  Machine machine;
  machine.trip_us = 0;
  CHECK(machine.hear(90 * kSecond));
  machine.pass(kMinute);
  CHECK(machine.hear(0));
  machine.hear(0);
  for (std::size_t i = 0; i < 2 * bounds::kClocksMax; ++i) {
    machine.pass(kMs);
    machine.hear(0, Machine::key("h" + std::to_string(i)));
  }
  CHECK_FALSE(machine.hear(90 * kSecond));
}

TEST_CASE("clocks are known in a bounded number, and old ones make room [I10]", "[I10]") {
  Machine machine;
  machine.trip_us = 0;
  std::size_t told = 0;
  for (int i = 0; i < 5'000; ++i) {
    told += machine.hear(90 * kSecond, Machine::key("h" + std::to_string(i))) ? 1 : 0;
  }
  CHECK(told == bounds::kClocksMax);
  CHECK(machine.clocks.count_apart(machine.now) == bounds::kClocksMax);
  machine.pass(bounds::kClockKnownMs * kMs + 1);
  CHECK(machine.hear(90 * kSecond, Machine::key("late")));
  CHECK(machine.clocks.count_apart(machine.now) == 1);
}

}  // namespace keyswap::net
