// SPDX-License-Identifier: Apache-2.0
//
// I10: a source of secrets that is slow, or hangs, holds up nobody but the request that needs it,
// and that not for long.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/net/secret_lane.h"
#include "test/fuzz/session/stage.h"
#include "test/fuzz/session/texts.h"
#include "test/support/text.h"
#include "vault/arena.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kSlowMs = 2000;

using ClientWire = std::shared_ptr<Wire>;

using keyswap::test::has;

class Secrets {
 public:
  ClientWire ask(Say say, int number) {
    ClientWire client = stage.connect();
    ask_again(client, say, number);
    return client;
  }

  void ask_again(const ClientWire& client, Say say, int number) {
    client->to_proxy += client_text(say, number, false);
    go_on();
  }

  // Everybody but the source does what he can.
  void go_on() {
    for (int i = 0; i < 6; ++i) {
      stage.settle();
      for (Server& server : stage.servers) {
        server.meet(Server::Manner::good);
      }
      stage.settle();
      stage.answer_what_waits();
    }
    stage.settle();
  }

  void answer_all() {
    for (Server& server : stage.servers) {
      server.say(Answer::ok);
      server.send_all();
    }
    go_on();
  }

  [[nodiscard]] int times_sent(const std::string& path) const { return stage.log.times_sent(path); }

  [[nodiscard]] std::size_t waiting_count() {
    return stage.thread().context().secrets->waiting_count();
  }

  Stage stage;
};

}  // namespace

TEST_CASE("a source that takes two seconds delays the request that needs it, and no other",
          "[I10]") {
  Secrets secrets;
  secrets.stage.secrets.delays_ms["K"] = kSlowMs;
  const ClientWire slow = secrets.ask(Say::get, 1);
  CHECK(secrets.stage.servers.empty());

  // On the same loop, one without a secret, and one with another.
  const ClientWire plain = secrets.ask(Say::get_plain, 2);
  const ClientWire other = secrets.ask(Say::signed_get, 3);
  CHECK(secrets.times_sent("/p/2") == 1);
  CHECK(secrets.times_sent("/b/3") == 1);
  secrets.answer_all();
  CHECK(plain->from_proxy.find("HTTP/1.1 200 ") == 0);
  CHECK(other->from_proxy.find("HTTP/1.1 200 ") == 0);

  secrets.stage.pass(kSlowMs - 1);
  secrets.go_on();
  CHECK(secrets.times_sent("/k/1") == 0);
  CHECK(slow->from_proxy.empty());
  secrets.stage.pass(1);
  secrets.go_on();
  CHECK(secrets.times_sent("/k/1") == 1);
  secrets.answer_all();
  CHECK(slow->from_proxy.find("HTTP/1.1 200 ") == 0);
  CHECK(secrets.waiting_count() == 0);
}

TEST_CASE("a source that never answers is a 503 that is recorded, and what comes after goes on",
          "[I10][I13]") {
  Secrets secrets;
  secrets.stage.secrets.delays_ms["K"] = FakeSource::kNever;
  const ClientWire client = secrets.ask(Say::get, 1);
  secrets.stage.pass(bounds::kSecretFetchMs - 1);
  CHECK(client->from_proxy.empty());
  secrets.stage.world().pass(1);
  secrets.stage.settle();
  CHECK(client->from_proxy.empty());  // its record comes first
  secrets.go_on();
  const std::string answer = std::exchange(client->from_proxy, "");
  CHECK(answer.find("HTTP/1.1 503 ") == 0);
  CHECK(has(answer, "Keyswap-Reason: secret_unavailable\r\n"));
  CHECK(has(answer, R"("cause":"secret_timed_out")"));
  CHECK(has(answer, R"("secret":"K")"));
  CHECK(has(answer, R"("retryable":true)"));
  CHECK(secrets.waiting_count() == 0);
  CHECK(secrets.stage.servers.empty());

  // The next one waits for its own answer; that to the first is not taken for it.
  secrets.ask_again(client, Say::get, 2);
  CHECK(secrets.waiting_count() == 1);
  REQUIRE(secrets.stage.secrets.answer());
  secrets.go_on();
  CHECK(secrets.waiting_count() == 1);
  CHECK(secrets.stage.servers.empty());
  REQUIRE(secrets.stage.secrets.answer());
  secrets.go_on();
  CHECK(secrets.times_sent("/k/2") == 1);
  secrets.answer_all();
  CHECK(client->from_proxy.find("HTTP/1.1 200 ") == 0);
}

TEST_CASE("a client that leaves while the source works leaves nothing behind", "[I1][I10]") {
  const std::size_t free_before = [] {
    static_cast<void>(fixed());
    const Secrets nothing;
    return vault::arena::free_bytes();
  }();
  Secrets secrets;
  // The one of its two entries is there at once, and is held while the other is waited for.
  secrets.stage.secrets.delays_ms["BS"] = FakeSource::kNever;
  const ClientWire client = secrets.ask(Say::signed_get, 1);
  REQUIRE(secrets.waiting_count() == 1);
  CHECK(vault::arena::free_bytes() < free_before);
  client->is_reset = true;
  secrets.go_on();
  CHECK(secrets.waiting_count() == 0);
  secrets.stage.check_nothing_is_left();
  // But for what is known of the host from then on (I8), a small block.
  constexpr std::size_t kKnownBytes = 4096;
  const std::size_t free_after = vault::arena::free_bytes();
  CHECK(free_after + kKnownBytes >= free_before);

  // What comes after that is dropped.
  REQUIRE(secrets.stage.secrets.answer());
  secrets.go_on();
  CHECK(vault::arena::free_bytes() == free_after);
  CHECK(secrets.stage.servers.empty());
}

TEST_CASE("a loop that ends while its source works leaves nothing behind", "[I10]") {
  Secrets secrets;
  secrets.stage.secrets.delays_ms["K"] = FakeSource::kNever;
  const ClientWire client = secrets.ask(Say::get, 1);
  CHECK(secrets.waiting_count() == 1);
}

TEST_CASE("one of two entries that cannot be had is told at once, whatever the other does",
          "[I13]") {
  Secrets secrets;
  secrets.stage.secrets.delays_ms["BK"] = FakeSource::kNever;
  secrets.stage.secrets.values.erase("BS");
  const ClientWire client = secrets.ask(Say::signed_get, 1);
  CHECK(has(client->from_proxy, R"("secret":"BS")"));
  CHECK(has(client->from_proxy, R"("retryable":false)"));
  CHECK(secrets.waiting_count() == 0);
  REQUIRE(secrets.stage.secrets.answer());  // of no use to anybody
  secrets.go_on();
}

TEST_CASE("a message waits for its secrets, and its WebSocket does not", "[I10]") {
  Secrets secrets;
  const ClientWire client = secrets.ask(Say::upgrade_trading, 1);
  secrets.stage.servers.at(0).say(Answer::switching);
  secrets.stage.servers.at(0).send_all();
  secrets.go_on();
  REQUIRE(std::exchange(client->from_proxy, "").find("HTTP/1.1 101 ") == 0);

  secrets.stage.secrets.delays_ms["BS"] = FakeSource::kNever;
  secrets.ask_again(client, Say::frame_order, 1);
  CHECK(secrets.waiting_count() == 1);
  secrets.stage.servers.at(0).say(Answer::frame_text);
  secrets.stage.servers.at(0).send_all();
  secrets.go_on();
  CHECK(has(std::exchange(client->from_proxy, ""), "world"));

  secrets.stage.pass(bounds::kSecretFetchMs);
  secrets.go_on();
  CHECK(secrets.waiting_count() == 0);
  CHECK(has(std::exchange(client->from_proxy, ""), "secret_unavailable"));
  // The next message is dealt with.
  secrets.ask_again(client, Say::frame_order, 2);
  CHECK(secrets.waiting_count() == 1);
  client->is_reset = true;
  secrets.go_on();
  secrets.stage.check_nothing_is_left();
}

}  // namespace keyswap::test
