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

}  // namespace keyswap::net
