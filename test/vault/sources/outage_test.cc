// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/outage.h"

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

constexpr std::int64_t kUs = 1'000'000;

// Set by hand, each by itself.
class Clocks final : public base::Clock {
 public:
  std::int64_t wall = 1'750'000'000 * kUs;
  std::int64_t steady = 1000 * kUs;

  [[nodiscard]] std::int64_t wall_us() const override { return wall; }

  [[nodiscard]] std::int64_t steady_us() const override { return steady; }

  void pass_s(std::int64_t s) {
    wall += s * kUs;
    steady += s * kUs;
  }
};

struct Down {
  Clocks clocks;
  Outage outage;

  void fail(Failed failed) {
    outage.failed(std::move(failed), clocks, [](std::uint64_t) { return 0; });
  }

  [[nodiscard]] std::optional<SourceOutage> told() const { return outage.told(clocks); }
};

const Failed kRest{FetchFault::unavailable, "rate_limited", 900'000};

}  // namespace

TEST_CASE("a source that is not to be asked stays told of, whatever an earlier run still says") {
  Down source;
  const std::int64_t begun_us = source.clocks.steady;
  source.clocks.pass_s(1);
  source.fail(kRest);
  source.outage.answered(source.clocks.steady);
  CHECK(source.told());
  source.outage.worked(begun_us);
  CHECK(source.told());
  CHECK(source.outage.is_waiting(source.clocks.steady));
  source.clocks.pass_s(901);
  source.outage.answered(source.clocks.steady);
  CHECK_FALSE(source.told());
}

TEST_CASE("what began behind a failure, and works, ends the outage") {
  Down source;
  source.fail(kRest);
  source.clocks.pass_s(1);
  source.outage.worked(source.clocks.steady);
  CHECK_FALSE(source.told());
  CHECK_FALSE(source.outage.is_waiting(source.clocks.steady));
}

TEST_CASE("after the clock was set, it is told right since when it is down, and until when") {
  Down source;
  source.fail({FetchFault::unavailable, "clock_differs", 0});
  source.clocks.pass_s(60);
  const std::int64_t moved_s = GENERATE(0, -3600, 3600);
  source.clocks.wall += moved_s * kUs;
  const std::int64_t now_s = source.clocks.wall / kUs;
  REQUIRE(source.told());
  CHECK(source.told()->since_s == now_s - 60);
  CHECK(source.told()->next_try_s == now_s - 59);
  CHECK(source.told()->outcome == "clock_differs");
}

TEST_CASE("a second failure is of the same outage, and another opener ends its wait alone") {
  Down source;
  const std::int64_t began_s = source.clocks.wall / kUs;
  source.fail({FetchFault::unavailable, "network", 0});
  source.clocks.pass_s(5);
  source.fail({FetchFault::needs_login, "invalid_grant", 0});
  CHECK(source.told()->since_s == began_s);
  CHECK(source.told()->needs_login);
  source.outage.opener_changed();
  CHECK(source.told()->next_try_s == 0);
  CHECK(source.told()->since_s == began_s);
}

}  // namespace keyswap::vault
