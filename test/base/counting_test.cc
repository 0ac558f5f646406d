// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/counting.h"

#include <catch2/catch.hpp>

namespace keyswap::base {

namespace {
constexpr std::array<std::int64_t, 2> kEndsUs = {10, 100};
}  // namespace

TEST_CASE("a duration counts in the first bucket whose end it does not pass") {
  Durations<kEndsUs> one;
  Durations<kEndsUs> other;
  one.add(10);
  one.add(11);
  one.add(-5);  // a clock that was set back
  other.add(101);
  DurationFigures figures;
  one.add_to(figures);
  other.add_to(figures);
  CHECK(figures.buckets == std::vector<std::uint64_t>{2, 1, 1});
  CHECK(figures.took_us == 122);
  CHECK(figures.ends_us.size() == 2);
}

}  // namespace keyswap::base
