// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/watch.h"

#include <array>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/uv/timer.h"

namespace keyswap {
namespace {

using uv::SocketWatch;

// A connected pair; each end is closed at its end, or before.
struct Ends {
  std::array<int, 2> sockets{-1, -1};

  Ends() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()) == 0); }

  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  Ends(Ends&&) = delete;
  Ends& operator=(Ends&&) = delete;

  ~Ends() {
    close(0);
    close(1);
  }

  void close(std::size_t which) {
    if (sockets.at(which) >= 0) {
      ::close(sockets.at(which));
    }
    sockets.at(which) = -1;
  }
};

std::unique_ptr<uv::Loop> new_loop() {
  auto loop = uv::Loop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

TEST_CASE("a socket is told as readable once bytes come, and not before") {
  const auto loop = new_loop();
  Ends ends;
  int told = 0;
  std::unique_ptr<SocketWatch> watch;
  watch = std::make_unique<SocketWatch>(*loop, ends.sockets[0], [&](int events) {
    told = events;
    watch.reset();
    loop->stop();
  });
  REQUIRE(watch->watch(SocketWatch::kReadable));
  bool was_quiet = false;
  uv::Timer later(*loop, [&] {
    was_quiet = told == 0;
    CHECK(::write(ends.sockets[1], "x", 1) == 1);
  });
  later.set(20);
  loop->run();
  CHECK(was_quiet);
  CHECK(told == SocketWatch::kReadable);
}

TEST_CASE("what is no longer asked for is not told, and the next question counts") {
  const auto loop = new_loop();
  Ends ends;
  REQUIRE(::write(ends.sockets[1], "x", 1) == 1);
  std::vector<int> told;
  std::unique_ptr<SocketWatch> watch;
  watch = std::make_unique<SocketWatch>(*loop, ends.sockets[0], [&](int events) {
    told.push_back(events);
    if (told.size() == 1) {
      REQUIRE(watch->watch(SocketWatch::kWritable));
    } else {
      REQUIRE(watch->watch(0));
    }
  });
  REQUIRE(watch->watch(SocketWatch::kReadable));
  uv::Timer later(*loop, [&] { loop->stop(); });
  later.set(50);
  loop->run();
  CHECK(told == std::vector{SocketWatch::kReadable, SocketWatch::kWritable});
}

TEST_CASE("the other side's end can be read") {
  const auto loop = new_loop();
  Ends ends;
  int told = 0;
  SocketWatch watch(*loop, ends.sockets[0], [&](int events) {
    told = events;
    loop->stop();
  });
  REQUIRE(watch.watch(SocketWatch::kReadable));
  ends.close(1);
  loop->run();
  CHECK((told & SocketWatch::kReadable) != 0);
}

TEST_CASE("a descriptor that is none is an error, not a crash") {
  const auto loop = new_loop();
  SocketWatch watch(*loop, 1'000'000, [](int /*events*/) { FAIL("there is nothing to tell"); });
  CHECK_FALSE(watch.watch(SocketWatch::kReadable));
}

}  // namespace
}  // namespace keyswap
