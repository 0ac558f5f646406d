// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/telling.h"

#include <optional>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::net {
namespace {

class SetClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return 0; }

  [[nodiscard]] std::int64_t steady_us() const override { return now_us; }

  std::int64_t now_us = 1;
};

TEST_CASE("the same of the same host is told once a minute") {
  SetClock clock;
  Telling telling(clock);
  CHECK(telling.is_due("a.test", "unknown_ca"));
  CHECK_FALSE(telling.is_due("a.test", "unknown_ca"));
  CHECK(telling.is_due("b.test", "unknown_ca"));
  CHECK(telling.is_due("a.test", "closed"));
  clock.now_us += base::bounds::kTellAgainMs * 1000 - 1;
  CHECK_FALSE(telling.is_due("a.test", "unknown_ca"));
  clock.now_us += 1;
  CHECK(telling.is_due("a.test", "unknown_ca"));
}

TEST_CASE("refusals are told together, once a minute") {
  SetClock clock;
  Telling telling(clock);
  telling.refusals() += 2;
  clock.now_us = base::bounds::kTellAgainMs * 1000;
  CHECK(telling.take_refusals() == 2);
  ++telling.refusals();
  clock.now_us += base::bounds::kTellAgainMs * 1000 - 1;
  CHECK(telling.take_refusals() == 0);
  clock.now_us += 1;
  CHECK(telling.take_refusals() == 1);
}

TEST_CASE("a user who is not served is told once a minute, and one that is not known, too") {
  SetClock clock;
  Telling telling(clock);
  telling.user_not_allowed(1001U);
  telling.user_not_allowed(std::nullopt);
  CHECK_FALSE(telling.is_due("of user 1001", "not allowed"));
  CHECK_FALSE(telling.is_due("of a user that the kernel hides", "not allowed"));
  CHECK(telling.is_due("of user 1002", "not allowed"));
}

TEST_CASE("a clock that is off is told once a minute, and apart from that it agrees again") {
  SetClock clock;
  Telling telling(clock);
  telling.upstream_clock("a.test", audit::ClockEvent::differs, -90'000);
  CHECK_FALSE(telling.is_due("a.test", "clock differs"));
  CHECK(telling.is_due("b.test", "clock differs"));
  telling.upstream_clock("a.test", audit::ClockEvent::too_far, 86'400'000);
  CHECK_FALSE(telling.is_due("a.test", "clock too_far"));
  telling.upstream_clock("a.test", audit::ClockEvent::agrees, 0);
  CHECK_FALSE(telling.is_due("a.test", "clock agrees"));
}

TEST_CASE("what is told within a minute is bounded, and older things make room [I10]", "[I10]") {
  SetClock clock;
  Telling telling(clock);
  std::size_t told = 0;
  for (int i = 0; i < 10'000; ++i) {
    told += telling.is_due(std::to_string(i) + ".test", "closed") ? 1 : 0;
  }
  CHECK(told == base::bounds::kToldMax);
  clock.now_us += base::bounds::kTellAgainMs * 1000;
  CHECK(telling.is_due("late.test", "closed"));
}

}  // namespace
}  // namespace keyswap::net
