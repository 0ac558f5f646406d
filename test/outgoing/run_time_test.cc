// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/run_time.h"

#include <catch2/catch.hpp>

namespace keyswap::outgoing {

TEST_CASE("while a run waits for its turn its own time stands, and the other way round") {
  RunTime time(30'000, 60'000, 5'000'000);
  CHECK_FALSE(time.is_waiting());
  CHECK(time.wait(15'000'000) == 60'000);
  CHECK(time.is_waiting());
  CHECK(time.go_on(55'000'000) == 20'000);
  CHECK_FALSE(time.is_waiting());
  CHECK(time.wait(60'000'000) == 20'000);
  CHECK(time.go_on(65'000'000) == 15'000);
}

TEST_CASE("a time that is over is a timer that rings soon, not one of before") {
  RunTime time(10, 20, 0);
  CHECK(time.wait(11'000) == 20);
  CHECK(time.go_on(40'000) == 1);
  CHECK(time.wait(40'000) == 1);
}

}  // namespace keyswap::outgoing
