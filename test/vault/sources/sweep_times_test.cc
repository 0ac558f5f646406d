// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/sweep_times.h"

#include <set>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

}  // namespace

TEST_CASE("a timer is set where none rings early enough") {
  SweepTimes times;
  CHECK(times.set_for(20, 1) == 20);
  CHECK_FALSE(times.set_for(30, 1));
  CHECK_FALSE(times.set_for(20, 1));
  CHECK(times.set_for(10, 1) == 10);
  CHECK(times.rang(10));
  CHECK_FALSE(times.rang(20));  // it was overtaken
  CHECK(times.set_for(30, 10) == 30);
}

TEST_CASE("however lives differ, timers that were overtaken do not pile up", "[I10]") {
  SweepTimes times;
  std::multiset<std::int64_t> timers;
  const auto keep = [&](std::int64_t end_us, std::int64_t now_us) {
    if (const auto ring_us = times.set_for(end_us, now_us)) {
      timers.insert(*ring_us);
    }
  };
  // One value is good for years, another for a second, again and again.
  constexpr std::int64_t kYearsUs = 300'000'000 * kSecondUs;
  std::size_t most = 0;
  for (std::int64_t now_us = kSecondUs; now_us < 1000 * kSecondUs; now_us += kSecondUs) {
    for (auto at = timers.begin(); at != timers.end() && *at <= now_us;) {
      const std::int64_t ring_us = *at;
      timers.erase(at);
      if (times.rang(ring_us)) {
        keep(kYearsUs, now_us);
      }
      at = timers.begin();
    }
    keep(now_us + kSecondUs, now_us);
    most = std::max(most, timers.size());
  }
  CHECK(most <= SweepTimes::kSweepUsMax / kSecondUs + 2);
}

}  // namespace keyswap::vault
