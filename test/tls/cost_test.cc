// SPDX-License-Identifier: Apache-2.0
//
// What TLS costs, in microseconds of this thread's CPU. Hidden: run with the tag [.bench], in a
// release build.
#include <ctime>
#include <functional>

#include <catch2/catch.hpp>

#include "test/tls/engine_pair.h"

namespace keyswap {
namespace {

using test::Pair;
using test::PairMaker;

double cpu_us() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

struct Meter {
  void run(const std::function<void()>& work) {
    const double start = cpu_us();
    work();
    total_us += cpu_us() - start;
  }

  double total_us = 0;
};

TEST_CASE("a full handshake, either side", "[.bench]") {
  const PairMaker& maker = PairMaker::instance();
  const auto leaf = maker.leaf("api.example.test");
  constexpr int kRounds = 2000;
  Meter server_side;
  Meter client_side;
  for (int i = 0; i < kRounds; ++i) {
    std::unique_ptr<tls::Engine> server;
    std::unique_ptr<tls::Engine> client;
    client_side.run([&] {
      client =
          std::make_unique<tls::Engine>(test::connect_to(maker.client_context, "api.example.test"));
      REQUIRE(client->handshake());
    });
    server_side.run([&] {
      server =
          std::make_unique<tls::Engine>(tls::Engine::accept(*maker.server_context, leaf).value());
      REQUIRE(server->feed(client->output().view()));
      REQUIRE(server->handshake());
      server->keep_unread_input();
    });
    client_side.run([&] {
      client->output().clear();
      REQUIRE(client->feed(server->output().view()));
      REQUIRE(*client->handshake());
      client->keep_unread_input();
    });
    server_side.run([&] {
      server->output().clear();
      REQUIRE(server->feed(client->output().view()));
      REQUIRE(*server->handshake());
      server.reset();
    });
    client_side.run([&] { client.reset(); });
  }
  WARN("server " << server_side.total_us / kRounds << " us, client "
                 << client_side.total_us / kRounds << " us");
}

void relay(std::size_t size, int rounds) {
  Pair pair = Pair::of();
  REQUIRE(pair.shake());
  const std::string plaintext(size, 'x');
  std::string room(64 * 1024, '\0');
  Meter write;
  Meter read;
  for (int i = 0; i < rounds; ++i) {
    write.run([&] { static_cast<void>(pair.server.write(plaintext)); });
    std::size_t got = 0;
    const std::string_view output = pair.server.output().view();
    for (std::size_t at = 0; at < output.size(); at += room.size()) {
      read.run([&] {
        static_cast<void>(pair.client.feed(output.substr(at, room.size())));
        got += pair.client.read(room.data(), room.size())->size;
        pair.client.keep_unread_input();
      });
    }
    REQUIRE(got == size);
    pair.server.output().clear();
  }
  WARN(size << " bytes: write " << write.total_us / rounds << " us, read from upstream "
            << read.total_us / rounds << " us");
}

TEST_CASE("writing and reading a kilobyte", "[.bench]") {
  relay(1024, 50'000);
}

TEST_CASE("writing and reading a megabyte", "[.bench]") {
  relay(1024 * 1024, 500);
}

}  // namespace
}  // namespace keyswap
