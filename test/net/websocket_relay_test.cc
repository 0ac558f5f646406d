// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/websocket_relay.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/http/websocket.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

using keyswap::test::has;

std::string frame(http::Opcode opcode,
                  std::string_view payload,
                  const std::optional<http::Mask>& mask) {
  base::Buffer out(1024);
  REQUIRE(http::encode_frame(out, opcode, true, payload, mask));
  return std::string(out.view());
}

std::string from_client(std::string_view text, http::Opcode opcode = http::Opcode::text) {
  return frame(opcode, text, http::Mask{1, 2, 3, 4});
}

std::string from_upstream(std::string_view text, http::Opcode opcode = http::Opcode::text) {
  return frame(opcode, text, std::nullopt);
}

// The payload of one frame with a mask, less than 126 bytes.
std::string unmasked(std::string_view bytes) {
  std::string payload(bytes.substr(6));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ bytes[2 + i % 4]);
  }
  return payload;
}

// A WebSocket that was granted, over TLS to the upstream.
class Granted {
 public:
  Granted() {
    client.say(
        "GET https://h.test/k/1 HTTP/1.1\r\nHost: h.test\r\n"
        "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    net.settle();
    host = &net.answer_dial();
    host->serve_tls("h.test");
    net.settle_durably();
    REQUIRE(has(host->take_heard(), std::string(kHeaderSecret)));
    host->say(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" +
        from_upstream("at once"));
    net.settle();
    const std::string heard = client.take_heard();
    REQUIRE(has(heard, "HTTP/1.1 101 "));
    CHECK(has(heard, "at once"));
  }

  MemoryNet net;
  Peer& client = net.connect();
  Peer* host = nullptr;
};

}  // namespace

TEST_CASE("frames go both ways, each written anew") {
  Granted granted;
  const std::string sent = from_client("hello");
  granted.client.say(sent.substr(0, 3));
  granted.net.settle();
  granted.client.say(sent.substr(3));
  granted.host->say(from_upstream("world"));
  granted.net.settle();
  CHECK(unmasked(granted.host->heard) == "hello");
  CHECK(granted.host->heard != sent);  // with a mask of our own
  CHECK(granted.client.heard == from_upstream("world"));
}

TEST_CASE("what is no frame ends a WebSocket on both sides") {
  Granted granted;
  granted.client.say(from_upstream("without a mask"));
  granted.net.settle();
  granted.net.pass(bounds::kHalfClosedMs);
  CHECK(granted.host->has_ended);
  CHECK(granted.client.has_ended);
  CHECK_FALSE(has(granted.host->heard, "without a mask"));
}

TEST_CASE("a side of a WebSocket that goes takes the other with it") {
  Granted granted;
  if (GENERATE(true, false)) {
    granted.client.finish();
  } else {
    granted.host->finish();
  }
  granted.net.settle();
  granted.net.pass(bounds::kHalfClosedMs + bounds::kLingerMs);
  CHECK(granted.host->has_ended);
  CHECK(granted.client.has_ended);
  CHECK(granted.net.connections->size() == 0);
  CHECK(granted.net.upstreams_open() == 0);
}

TEST_CASE("a WebSocket in which nothing passes ends", "[I10]") {
  Granted granted;
  granted.net.pass(bounds::kTunnelIdleMs - 1);
  CHECK(granted.net.connections->size() == 1);
  granted.net.pass(1);
  CHECK(has(granted.client.heard, "\x88"));  // Close
  granted.net.pass(bounds::kHalfClosedMs + bounds::kLingerMs);
  CHECK(granted.net.connections->size() == 0);
}

TEST_CASE("when the proxy stops, both sides of a WebSocket are told") {
  Granted granted;
  granted.net.context.is_draining = true;
  granted.net.connections->drain_all();
  granted.net.settle();
  CHECK(granted.client.heard.substr(0, 4) == std::string("\x88\x02\x03\xe9", 4));  // 1001
  CHECK(unmasked(granted.host->heard) == std::string("\x03\xe9", 2));
}

}  // namespace keyswap::test
