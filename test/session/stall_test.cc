// SPDX-License-Identifier: Apache-2.0
//
// Who takes nothing of what is sent to it does not hold a connection for ever (I10), in each
// direction of each kind of connection; and who takes it slowly is waited for.
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/fuzz/session/stage.h"
#include "test/fuzz/session/texts.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

constexpr std::int64_t kMinuteMs = 60'000;
// What a deadline may be late by: it is looked at from time to time.
constexpr std::int64_t kLateMs = 2 * bounds::kIntakeLookMs;
constexpr std::size_t kLong = std::size_t{2} << 20U;

using keyswap::test::has;

// One client and one upstream that it reached.
class Line {
 public:
  // `request`: the first that the client says.
  explicit Line(const std::string& request) {
    static_cast<void>(stage.connect_client());
    say(request);
    for (Server& server : stage.servers) {
      server.meet(Server::Manner::good);
    }
    for (int i = 0; i < 4; ++i) {
      stage.answer_what_waits();
      stage.settle();
    }
    REQUIRE(stage.servers.size() == 1);
  }

  void say(const std::string& bytes) {
    client().say_bytes(bytes);
    client().send_all();
    stage.settle();
  }

  void answer(Answer answer) {
    server().say(answer);
    server().send_all();
    stage.settle();
  }

  Client& client() { return stage.clients.front(); }

  Server& server() { return stage.servers.front(); }

  [[nodiscard]] bool is_over() const { return stage.session_count() == 0; }

  Stage stage;
};

const std::string kUpload =
    "POST https://h.test/m/1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 8000000\r\n\r\n";
const std::string kUpgrade =
    "GET https://h.test/k/1 HTTP/1.1\r\nHost: h.test\r\n"
    "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const std::string kConnect = "CONNECT opaque.test:443 HTTP/1.1\r\nHost: opaque.test:443\r\n\r\n";
const std::string kNoHttp(1, '\0');

}  // namespace

TEST_CASE("an upload of which its upstream takes nothing ends in a 504 that says so", "[I10]") {
  Line line(kUpload);
  line.server().give_room(0);
  line.say(std::string(kLong, 'x'));
  line.stage.pass(bounds::kRequestBodyPauseMs - kLateMs);
  CHECK_FALSE(line.is_over());
  line.stage.pass(2 * kLateMs);
  CHECK(has(line.client().heard(), "HTTP/1.1 504 "));
  CHECK(has(line.client().heard(), "Keyswap-Reason: upstream_timeout\r\n"));
  CHECK(has(line.client().heard(), "takes nothing"));
  line.stage.pass(kMinuteMs);
  CHECK(line.is_over());
  CHECK(line.stage.log.end_of("/m/1") == "upstream_timeout takes_nothing");
}

TEST_CASE("an upload that its upstream takes slowly is waited for", "[I10]") {
  Line line(kUpload);
  line.server().give_room(0);
  line.say(std::string(kLong, 'x'));
  for (int i = 0; i < 30; ++i) {
    line.stage.pass(bounds::kRequestBodyPauseMs - kLateMs);
    line.server().give_room(1);
  }
  CHECK_FALSE(line.is_over());
  CHECK(line.client().heard().empty());
}

TEST_CASE("an upload whose upstream answers, and takes nothing, is a visible cut", "[I10]") {
  Line line(kUpload);
  line.server().give_room(0);
  line.say(std::string(kLong, 'x'));
  line.answer(Answer::half);
  for (std::int64_t ms = 0; ms < bounds::kRequestBodyPauseMs + kLateMs; ms += kMinuteMs) {
    line.server().say_bytes("");
    line.stage.pass(kMinuteMs);
  }
  line.stage.pass(2 * kMinuteMs);
  CHECK(has(line.client().heard(), "HTTP/1.1 200 OK\r\n"));
  CHECK(has(line.client().heard(), "\r\n\r\nhel"));
  CHECK(line.is_over());
  CHECK(line.stage.log.end_of("/m/1") == "upstream_timeout takes_nothing");
}

TEST_CASE("a response of which its client takes nothing ends, and is not its upstream's fault",
          "[I10]") {
  Line line("GET https://h.test/m/1 HTTP/1.1\r\nHost: h.test\r\n\r\n");
  line.client().give_room(0);
  line.answer(Answer::ok_long);
  line.stage.pass(bounds::kResponseBodyIdleMs - kLateMs);
  CHECK_FALSE(line.is_over());
  line.stage.pass(2 * kLateMs);
  CHECK(line.is_over());
  CHECK(line.stage.log.end_of("/m/1") == "client_timeout");
}

TEST_CASE("a response that its client takes slowly is waited for", "[I10]") {
  Line line("GET https://h.test/m/1 HTTP/1.1\r\nHost: h.test\r\n\r\n");
  line.client().give_room(0);
  line.answer(Answer::ok_long);
  for (int i = 0; i < 300; ++i) {
    line.stage.pass(kMinuteMs);
    line.client().give_room(1000);
  }
  CHECK_FALSE(line.is_over());
  line.client().give_room(kLong);
  line.stage.pass(1);
  CHECK(line.stage.log.end_of("/m/1") == "complete");
}

TEST_CASE("an opaque tunnel ends of which one side takes nothing, however much it says", "[I10]") {
  Line line(kConnect);
  REQUIRE(has(line.client().heard(), " 200 "));
  line.say(kNoHttp);
  const bool is_client = GENERATE(true, false);
  Party& deaf = is_client ? static_cast<Party&>(line.client()) : line.server();
  Party& other = is_client ? static_cast<Party&>(line.server()) : line.client();
  deaf.give_room(0);
  other.say_bytes(std::string(kLong, 'x'));
  other.send_all();
  const auto pass = [&](std::int64_t until_ms) {
    for (std::int64_t ms = 0; ms < until_ms; ms += kMinuteMs) {
      deaf.say_bytes(".");
      deaf.send_all();
      line.stage.pass(kMinuteMs);
    }
  };
  pass(bounds::kTunnelIdleMs - kMinuteMs);
  CHECK_FALSE(line.is_over());
  pass(5 * kMinuteMs);
  CHECK(line.is_over());
  CHECK(line.stage.log.end_of("tunnel") ==
        (is_client ? "client_timeout" : "upstream_timeout takes_nothing"));
}

TEST_CASE("an opaque tunnel of which one side takes slowly what has come is not idle", "[I10]") {
  Line line(kConnect);
  line.say(kNoHttp);
  const bool is_client = GENERATE(true, false);
  Party& slow = is_client ? static_cast<Party&>(line.client()) : line.server();
  Party& other = is_client ? static_cast<Party&>(line.server()) : line.client();
  slow.give_room(0);
  other.say_bytes(std::string(100'000, 'x'));
  other.send_all();
  for (int i = 0; i < 90; ++i) {
    line.stage.pass(kMinuteMs);
    slow.give_room(1000);
  }
  CHECK_FALSE(line.is_over());
}

TEST_CASE("a WebSocket ends of which one side takes nothing, however much it says", "[I10]") {
  Line line(kUpgrade);
  line.answer(Answer::switching);
  REQUIRE(has(line.client().heard(), " 101 "));
  const bool is_client = GENERATE(true, false);
  if (is_client) {
    line.client().give_room(0);
    for (int i = 0; i < 60'000; ++i) {
      line.server().say(Answer::frame_text);
    }
    line.server().send_all();
  } else {
    line.server().give_room(0);
    for (int i = 0; i < 10; ++i) {
      line.client().say(Say::frame_long, 1);
    }
    line.client().send_all();
  }
  const auto pass = [&](std::int64_t until_ms) {
    for (std::int64_t ms = 0; ms < until_ms; ms += kMinuteMs) {
      if (is_client) {
        line.client().say(Say::frame_ping, 1);
        line.client().send_all();
      } else {
        line.answer(Answer::frame_ping);
      }
      line.stage.pass(kMinuteMs);
    }
  };
  pass(bounds::kTunnelIdleMs - kMinuteMs);
  CHECK_FALSE(line.is_over());
  pass(5 * kMinuteMs);
  CHECK(line.is_over());
  CHECK(line.stage.log.end_of("/k/1") ==
        (is_client ? "client_timeout" : "upstream_timeout takes_nothing"));
}

TEST_CASE("a WebSocket's message that is taken slowly is waited for", "[I10]") {
  Line line(kUpgrade);
  line.answer(Answer::switching);
  line.server().give_room(0);
  line.client().say(Say::frame_long, 1);
  line.client().send_all();
  for (int i = 0; i < 50; ++i) {
    line.stage.pass(kMinuteMs);
    line.server().give_room(1000);
  }
  CHECK_FALSE(line.is_over());
}

TEST_CASE("an answer of ours that its client does not take holds the connection for a minute",
          "[I10]") {
  Line line(kUpload);
  line.client().give_room(0);
  line.server().reset();
  line.stage.pass(1);
  CHECK_FALSE(line.is_over());
  line.stage.pass(bounds::kWriteStallMs + kLateMs);
  CHECK(line.is_over());
}

}  // namespace keyswap::test
