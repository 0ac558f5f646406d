// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/lane.h"

#include <future>

#include <catch2/catch.hpp>

#include "proxy/base/manage_bounds.h"

namespace keyswap::manage {

TEST_CASE("a lane does one thing after another, takes so many, and none once it stopped", "[I10]") {
  Lane lane;
  std::promise<void> go_on;
  std::promise<void> begun;
  REQUIRE(lane.start());
  REQUIRE(lane.run([&] {
    begun.set_value();
    go_on.get_future().wait();
  }));
  begun.get_future().wait();
  std::size_t done = 0;
  std::promise<void> last;
  for (std::size_t i = 1; i < base::bounds::kManageQueueMax; ++i) {
    REQUIRE(lane.run([&done] { ++done; }));
  }
  REQUIRE(lane.run([&last] { last.set_value(); }));
  CHECK_FALSE(lane.run([&done] { ++done; }));
  go_on.set_value();
  last.get_future().wait();
  CHECK(done == base::bounds::kManageQueueMax - 1);
  lane.stop();
  CHECK_FALSE(lane.run([&done] { ++done; }));
}

}  // namespace keyswap::manage
