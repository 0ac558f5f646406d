// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/descriptors.h"

#include <cerrno>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "test/support/descriptors.h"

namespace keyswap::base {

using test::DescriptorsUsedUp;
using test::NoDescriptorsAllowed;

namespace {

// Opens and closes one; false when there is none.
bool can_open() {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (number < 0) {
    REQUIRE(is_exhaustion(errno));
    return false;
  }
  ::close(number);
  return true;
}

}  // namespace

TEST_CASE("clients get what neither we nor the reserve need, two descriptors each", "[I10]") {
  constexpr std::size_t kReserved = bounds::kDescriptorsReserved;
  CHECK(clients_that_fit(256, 40) == (256 - 40 - kReserved) / 2);
  CHECK(clients_that_fit(1024, 40) == (1024 - 40 - kReserved) / 2);
  CHECK(clients_that_fit(1'000'000, 40) == bounds::kClientConnectionsMax);
  for (std::size_t allowed = 0; allowed < 40'000; allowed += 7) {
    const std::size_t clients = clients_that_fit(allowed, 40);
    REQUIRE(clients >= 1);
    REQUIRE((clients == 1 || 40 + kReserved + clients * bounds::kDescriptorsPerClient <= allowed));
  }
}

TEST_CASE("what is open is counted") {
  const std::size_t before = descriptors_open();
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(descriptors_open() == before + 1);
  ::close(number);
  CHECK(descriptors_open() == before);
  CHECK(descriptors_allowed() > before);
}

TEST_CASE("spare descriptors are there for their holder when all others are used up", "[I10]") {
  SpareDescriptors spares(2);
  const DescriptorsUsedUp flood;
  REQUIRE_FALSE(can_open());
  for (int turn = 0; turn < 3; ++turn) {
    {
      const SpareDescriptors::Lent lent(spares);
      CHECK(can_open());
    }
    CHECK(spares.held() == 2);
    CHECK_FALSE(can_open());
  }
}

TEST_CASE("spare descriptors that could not be held again are held when it can be") {
  SpareDescriptors spares(2);
  {
    const NoDescriptorsAllowed none;
    { const SpareDescriptors::Lent lent(spares); }
    CHECK(spares.held() == 0);
  }
  { const SpareDescriptors::Lent lent(spares); }
  CHECK(spares.held() == 2);
}

}  // namespace keyswap::base
