// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/worker.h"

#include <array>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/turn_away.h"

namespace keyswap::test {

TEST_CASE("a worker does what it was given before and after it was started") {
  net::Worker worker;
  std::promise<void> before;
  std::promise<void> after;
  worker.run([&] { before.set_value(); });
  REQUIRE(worker.start(2));
  worker.run([&] { after.set_value(); });
  before.get_future().get();
  after.get_future().get();
  worker.stop();
  bool has_run = false;
  worker.run([&] { has_run = true; });
  CHECK_FALSE(has_run);
}

TEST_CASE("at its end a worker does all that it was given, if that is asked for", "[I13]") {
  net::Worker worker;
  std::promise<void> may_go;
  std::promise<void> has_begun;
  std::vector<int> done;
  REQUIRE(worker.start(1));
  worker.run([&] {
    has_begun.set_value();
    may_go.get_future().get();
    done.push_back(1);
  });
  worker.run([&] { done.push_back(2); });
  has_begun.get_future().get();
  std::thread ending([&] { worker.finish(); });
  may_go.set_value();
  ending.join();
  CHECK(done == std::vector{1, 2});
}

TEST_CASE("a client for whom there is no room hears so, and nothing of it is kept", "[I10]") {
  std::array<int, 2> sockets{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0);
  net::turn_away(sockets[0], "0123456789abcdef01234567");
  std::string heard(4096, '\0');
  const ssize_t count = ::recv(sockets[1], heard.data(), heard.size(), MSG_WAITALL);
  REQUIRE(count > 0);
  heard.resize(static_cast<std::size_t>(count));
  CHECK(heard.find("HTTP/1.1 503 ") == 0);
  CHECK(heard.find("Keyswap-Reason: too_busy\r\n") != std::string::npos);
  CHECK(heard.find("0123456789abcdef01234567") != std::string::npos);
  ::close(sockets[1]);
}

}  // namespace keyswap::test
