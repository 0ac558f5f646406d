// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/websocket.h"

#include "test/flow/searches.h"
#include "test/support/alone.h"
#include "test/support/dialogue.h"

namespace keyswap::flow {

using test::Alone;
using test::Dialogue;
using test::has;
using test::kPlainWebSocket;

namespace {

constexpr int kStates = 8;

}  // namespace

TEST_CASE("every event in every state is taken, changes nothing, or ends the connection",
          "[I6][I10]") {
  for (int state = 0; state < kStates; ++state) {
    for (int number = 0; Alone(state).event(number); ++number) {
      CAPTURE(state, number);
      Alone alone(state);
      const bool was_recording = alone.machine().awaits_record();
      const bool was_over = alone.machine().is_over();
      const bool is_answer = number >= 11 && number <= 14;
      const bool is_awaited = (state == 2 && number == 11) ||
                              (state == 3 && (number == 12 || number == 13)) ||
                              (state == 4 && number == 14);
      alone.on(*alone.event(number));
      // I6: a secret leaves by a record that became durable, and by nothing else.
      CHECK(alone.has_sent_a_secret() == (was_recording && number == 14));
      CHECK(alone.asked<EndWebSocket>() == (!was_over && alone.machine().is_over() ? 1 : 0));
      if (was_over) {
        CHECK(alone.actions.empty());
      } else if (is_answer && !is_awaited) {
        CHECK(alone.machine().is_over());  // an answer that nobody asked for
      }
      alone.on(SideGone{Side::client});
      CHECK(alone.machine().is_over());
      alone.destroy();
      CHECK(alone.collected_bytes == 0);
    }
  }
}

TEST_CASE("a message of the client that comes while another is dealt with is never sent",
          "[I6][I10]") {
  for (const int state : {2, 3, 4, 5}) {
    for (const int number : {0, 1, 2}) {
      CAPTURE(state, number);
      Alone alone(state);
      REQUIRE_FALSE(alone.machine().wants_client());
      alone.on(*alone.event(number));
      CHECK(alone.machine().is_over());
      CHECK(alone.asked<Record>() == 0);
      CHECK_FALSE(alone.has_sent_a_secret());
    }
  }
}

TEST_CASE("without a signer, messages and control frames pass both ways as they come", "[I9]") {
  Dialogue dialogue(kPlainWebSocket);
  dialogue.client("hello").upstream("world").client("abcdef", 3);
  dialogue.client("bytes", 0, http::Opcode::binary);
  dialogue.control(Side::client, http::Opcode::ping, "p");
  dialogue.control(Side::upstream, http::Opcode::pong, "p");
  CHECK(dialogue.transcript() ==
        "to upstream: hello\nto client: world\nto upstream: abc ...\nto upstream: def\n"
        "to upstream: (binary) bytes\nto upstream: ping p\nto client: pong p\n");
}

TEST_CASE("HP-12 the connection ends when both have said so, or when one side goes") {
  Dialogue said(kPlainWebSocket);
  said.control(Side::client, http::Opcode::close, http::close_payload(3000, "bye"));
  CHECK(said.transcript() == "to upstream: close 3000\n");
  said.upstream("still").control(
      Side::upstream, http::Opcode::close, http::close_payload(3000, ""));
  CHECK(said.transcript() == "to client: still\nto client: close 3000\nend complete\n");

  Dialogue left(kPlainWebSocket);
  left.on(SideGone{Side::client});
  CHECK(left.transcript() == "to upstream: close 1001\nto client: close 1001\nend client_gone\n");

  Dialogue cut(kPlainWebSocket);
  cut.on(SideGone{Side::upstream});
  CHECK(cut.transcript() == "to upstream: close 1001\nto client: close 1014\nend truncated\n");

  Dialogue deaf(kPlainWebSocket);
  deaf.on(SideGone{Side::client, true});
  CHECK(deaf.transcript() ==
        "to upstream: close 1001\nto client: close 1001\nend client_timeout\n");

  Dialogue full(kPlainWebSocket);
  full.on(SideGone{Side::upstream, true});
  CHECK(full.transcript() ==
        "to upstream: close 1001\nto client: close 1014\nend upstream_timeout\n");

  Dialogue stopped(kPlainWebSocket);
  stopped.on(GoingAway{});
  CHECK(stopped.transcript() == "to upstream: close 1001\nto client: close 1001\nend unknown\n");
}

TEST_CASE("after a Close frame nothing of that side passes") {
  Dialogue dialogue(kPlainWebSocket);
  dialogue.control(Side::upstream, http::Opcode::close, "");
  dialogue.upstream("late").control(Side::upstream, http::Opcode::ping, "late");
  CHECK(dialogue.transcript() == "to client: close \n");
  dialogue.client("answer");
  CHECK(dialogue.transcript() == "to upstream: answer\n");
  dialogue.control(Side::client, http::Opcode::close, "");
  CHECK(has(dialogue.transcript(), "end complete"));
}

TEST_CASE("what a host received is looked for on any WebSocket, and told at its end", "[I8]") {
  const std::string secret = "the-real-key-0001";
  for (const std::size_t piece : {0U, 1U, 7U}) {
    CAPTURE(piece);
    KnownSecrets known;
    Dialogue dialogue(kPlainWebSocket, &known);
    dialogue.upstream("say " + secret);
    CHECK(dialogue.transcript() == "to client: say " + secret + "\n");  // nothing was sent there
    const auto kept = test::secret_of(secret);
    const WantedSecret wanted = wanted_secret(kept, "K", "<P>");
    REQUIRE(known.add("ws-api.binance.com", std::span(&wanted, 1)));
    dialogue.upstream("say " + secret + "!", piece);
    const std::string said = dialogue.transcript();
    CHECK_FALSE(has(said, secret.substr(0, 12)));
    CHECK(has(said, "<P>"));
    dialogue.client("say " + secret);
    CHECK(has(dialogue.transcript(), "to upstream: say " + secret));
    dialogue.control(Side::upstream, http::Opcode::ping, secret);
    dialogue.control(Side::upstream, http::Opcode::ping, "ping");
    CHECK(dialogue.transcript() == "to client: ping \nto client: ping ping\n");
    dialogue.on(GoingAway{});
    CHECK(has(dialogue.transcript(), "end unknown\nscrubbed K message plain 2\n"));
  }
}

TEST_CASE("what is no frame ends the connection, and says whose fault it was", "[I9]") {
  Dialogue client(kPlainWebSocket);
  client.on(FrameError{Side::client});
  CHECK(client.transcript() == "to upstream: close 1001\nto client: close 1002\nend unknown\n");
  Dialogue upstream(kPlainWebSocket);
  upstream.on(FrameError{Side::upstream});
  CHECK(upstream.transcript() ==
        "to upstream: close 1002\nto client: close 1014\nend upstream_protocol_error\n");
}

}  // namespace keyswap::flow
