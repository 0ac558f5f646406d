// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_sandbox.h"

#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace keyswap::cli {

namespace {

TEST_CASE("without --user nobody is become") {
  auto user = user_to_become("");
  REQUIRE(user);
  CHECK_FALSE(user.value().has_value());
}

TEST_CASE("[I13] --user that cannot be is refused with what to do, not passed over") {
  for (const char* name : {"no-such-user-of-keyswap", "root"}) {
    INFO(name);
    const auto user = user_to_become(name);
    REQUIRE_FALSE(user);
    CHECK(user.failure().exit == Exit::usage);
    CHECK(user.failure().what.find(name) != std::string::npos);
    CHECK_FALSE(user.failure().hint.empty());
  }
}

TEST_CASE("root may become another user, others only stay who they are") {
  auto user = user_to_become("nobody");
  if (geteuid() == 0) {
    REQUIRE(user);
    REQUIRE(user.value().has_value());
    CHECK(user.value()->id != 0);
  } else if (user) {
    CHECK_FALSE(user.value().has_value());  // the test runs as nobody
  } else {
    CHECK(user.failure().exit == Exit::cannot);
  }
}

TEST_CASE("the home of another user lies below that user's folder, unless it is named") {
  const sandbox::User bob{"bob", 1000, 1000, "/home/bob"};
  CHECK(home_of(bob, "/srv/keyswap") == "/srv/keyswap");
  const char* const named = std::getenv("KEYSWAP_HOME");
  if (named == nullptr || *named == '\0') {
    CHECK(home_of(bob, "") == "/home/bob/.local/state/keyswap");
  }
}

}  // namespace

}  // namespace keyswap::cli
