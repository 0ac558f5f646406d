// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/troubles.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::net {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr Moments kNow{.wall_us = 1'700'000'000 * kSecond, .steady_us = 5 * kSecond};

vault::Sources::Named named(std::string id, bool is_down) {
  vault::Sources::Named one{.id = std::move(id), .kind = "vault", .state = {}};
  if (is_down) {
    one.state.outage = vault::SourceOutage{.outcome = "network", .since_s = 7, .next_try_s = 9};
  }
  return one;
}

// An upstream whose clock is so much ahead answered just now.
void hear(UpstreamClocks& clocks, const std::string& destination, std::int64_t ahead_s) {
  clocks.note({destination, 1, "whoever"},
              {kNow.wall_us / kSecond + ahead_s, kNow.steady_us, kNow});
}

}  // namespace

TEST_CASE("what is well is not told of") {
  UpstreamClocks clocks;
  hear(clocks, "sa.test:443/", 5);
  CHECK(troubles_of({named("one", false)}, clocks, kNow) == Troubles{});
}

TEST_CASE("a source that is down is told with its outcome, and a clock with how far it is off") {
  UpstreamClocks clocks;
  hear(clocks, "sb.test:443/custom", 90);
  hear(clocks, "s[::1]:8443/", -3600);
  const Troubles told =
      troubles_of({named("one", false), named("z", true), named("mint:K", true)}, clocks, kNow);
  REQUIRE(told.sources.size() == 2);
  CHECK(told.sources[0].id == "z");
  CHECK(told.sources[1].id == "mint:K");
  CHECK(told.sources[0].outage == vault::SourceOutage{"network", false, 7, 9});
  CHECK(told.clocks == std::vector<ClockApart>{{"[::1]:8443", -3600}, {"b.test:443", 90}});
  CHECK(told.more == 0);
}

TEST_CASE("so many are named, and the others counted", "[I10]") {
  std::vector<vault::Sources::Named> sources;
  UpstreamClocks clocks;
  for (std::size_t i = 0; i < base::bounds::kTroublesMax + 3; ++i) {
    sources.push_back(named("s" + std::to_string(i), true));
    hear(clocks, "sh" + std::to_string(i) + ".test:443/", 90);
  }
  const Troubles told = troubles_of(sources, clocks, kNow);
  CHECK(told.sources.size() == base::bounds::kTroublesMax);
  CHECK(told.sources[0].id == "s0");
  CHECK(told.clocks.size() == base::bounds::kTroublesMax);
  CHECK(told.more == 6);
}

}  // namespace keyswap::net
