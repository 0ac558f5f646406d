// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/client.h"

#include <string>
#include <unordered_set>

#include <catch2/catch.hpp>

#include "proxy/net/request_ids.h"
#include "test/support/memory_net.h"

namespace keyswap::test {

TEST_CASE("connections are shared within one user and caller, and by an unknown user with nobody",
          "[I16]") {
  const net::Client one{.number = 1, .address = {}, .user = 1000};
  const net::Client other{.number = 2, .address = {}, .user = 1000};
  CHECK(one.owner("a") == other.owner("a"));
  CHECK(one.owner("a") != other.owner("b"));
  const net::Client unknown{.number = 1, .address = {}, .user = {}};
  const net::Client unknown_too{.number = 2, .address = {}, .user = {}};
  CHECK(unknown.owner("a") != unknown_too.owner("a"));
  CHECK(unknown.owner("") != one.owner(""));
}

TEST_CASE("a caller whose token is not the one that was given out is nobody") {
  const NoCallers callers;
  net::Caller caller;
  caller.claim = flow::CallerClaim{"somebody", std::string(32, 'x')};
  caller.name = "before";
  caller.look_up(callers);
  CHECK(caller.name.empty());
  CHECK_FALSE(caller.fault);
}

TEST_CASE("names of requests are 24 hex digits, and each is given once") {
  net::RequestIds ids;
  std::unordered_set<std::string> given;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = ids.next();
    CHECK(id.size() == 24);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(given.insert(id).second);
  }
}

}  // namespace keyswap::test
