// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/own_address.h"

#include <catch2/catch.hpp>

namespace keyswap::uv {

TEST_CASE("an address of this machine is told from those of others", "[I12]") {
  CHECK(is_own_address("127.0.0.1"));
  CHECK(is_own_address("127.0.0.77"));
  CHECK_FALSE(is_own_address("198.51.100.77"));  // of nobody: RFC 5737
  CHECK_FALSE(is_own_address("2001:db8:77::77"));
  CHECK_FALSE(is_own_address("localhost"));
  CHECK_FALSE(is_own_address(""));
}

}  // namespace keyswap::uv
