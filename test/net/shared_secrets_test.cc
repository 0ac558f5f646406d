// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/shared_secrets.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "vault/secret.h"

namespace keyswap::net {

TEST_CASE("requests and sources share what loops leave, and neither goes without", "[I10]") {
  REQUIRE(vault::lock_memory());
  constexpr std::size_t kOfSources =
      base::bounds::kSourceCacheBytesMax + base::bounds::kCallsLockedBytes;
  const std::size_t all = vault::locked_memory_size();
  for (const std::size_t left : {std::size_t{0}, all / 8, all / 2, all}) {
    const std::size_t held = held_bytes_max(all - left);
    CHECK(held <= left);
    CHECK(held >= left - left / 4);
    CHECK(left - held <= kOfSources);
    CHECK((left - held == kOfSources || left - held == left / 4));
  }
}

TEST_CASE("a source counts as down while it is not asked, and no longer") {
  vault::SourceState down{.entries = 2, .outcome = "network", .next_try_us = 5};
  down.outage = vault::SourceOutage{.outcome = "network"};
  vault::SourceState waited = down;
  waited.next_try_us = 0;
  const auto figures = figures_of({{"one", "vault", down}, {"other", "vault", waited}});
  REQUIRE(figures.size() == 2);
  CHECK(figures[0].source == "one");
  CHECK(figures[0].values == 2);
  CHECK(figures[0].is_down);
  CHECK_FALSE(figures[1].is_down);
}

}  // namespace keyswap::net
