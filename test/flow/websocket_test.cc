// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/websocket.h"

#include "test/support/dialogue.h"

namespace keyswap::flow {

using test::Dialogue;
using test::has;
using test::kPlainWebSocket;

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
