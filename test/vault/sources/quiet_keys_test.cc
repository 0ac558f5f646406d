// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/quiet_keys.h"

#include <catch2/catch.hpp>

namespace keyswap::vault {

TEST_CASE("a key that had no good value is not asked for for a second, and says why") {
  constexpr std::int64_t kAgainUs = base::bounds::kSourceAgainMs * 1000;
  QuietKeys keys;
  keys.hush("tK", 0, {base::Errc::not_found, "none"});
  REQUIRE(keys.find("tK", kAgainUs - 1) != nullptr);
  CHECK(keys.find("tK", kAgainUs - 1)->code == base::Errc::not_found);
  CHECK(keys.find("tK", kAgainUs) == nullptr);
  CHECK(keys.find("tL", 0) == nullptr);
  keys.erase("tK");
  CHECK(keys.find("tK", 0) == nullptr);
  keys.hush("tK", 0, {base::Errc::not_found, "none"});
  keys.clear();
  CHECK(keys.find("tK", 0) == nullptr);
}

}  // namespace keyswap::vault
