// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/local_users.h"

#include <array>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

namespace keyswap::uv {

namespace {

struct Pair {
  Pair() { made = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0; }

  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  Pair(Pair&&) = delete;
  Pair& operator=(Pair&&) = delete;

  ~Pair() {
    for (const int end : ends) {
      ::close(end);
    }
  }

  std::array<int, 2> ends = {-1, -1};
  bool made = false;
};

}  // namespace

TEST_CASE("the user at the other end of a Unix socket is who made it") {
  const Pair pair;
  REQUIRE(pair.made);
  LocalUsers users;
  const auto user = users.user_of(pair.ends[0]);
  REQUIRE(user);
  CHECK(*user == ::geteuid());
  CHECK(LocalUsers::is_own(user));
}

TEST_CASE("the user of a socket that nobody is connected to is not known") {
  LocalUsers users;
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      continue;  // a machine without IPv6
    }
    CHECK_FALSE(users.user_of(socket));
    ::close(socket);
  }
  CHECK_FALSE(users.user_of(-1));
}

}  // namespace keyswap::uv
