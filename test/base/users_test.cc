// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/users.h"

#include <string>

#include <catch2/catch.hpp>

namespace keyswap::base {

TEST_CASE("a user is found by name, and told by name and number") {
  CHECK(user_number("root") == 0U);
  CHECK(user_text(0) == "root (0)");
}

TEST_CASE("who is not a user of this machine has no number, and no name") {
  CHECK_FALSE(user_number("no such user, whatever the machine"));
  CHECK_FALSE(user_number(""));
  CHECK_FALSE(user_number(std::string(100'000, 'a')));
  CHECK(user_text(4'000'000'123U) == "4000000123");
}

}  // namespace keyswap::base
