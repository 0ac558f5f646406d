// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_request.h"

#include <catch2/catch.hpp>

#include "proxy/http/decoder.h"

namespace keyswap::flow {

namespace {

http::RequestHead head_of(const std::string& text) {
  http::Decoder decoder(http::Decoder::Role::request);
  REQUIRE(decoder.next(text).kind == http::Step::Kind::head);
  return decoder.take_request();
}

// One line a field; secrets in <>.
std::string shown(const http::OutgoingRequest& request) {
  std::string text = std::string(request.method) + " " + std::string(request.target) + "\n";
  std::size_t count = 0;
  for (const http::OutgoingField& field : request.fields) {
    text += request.chunked_at == count ? "(chunked)\n" : "";
    const std::string value(field.value);
    text += std::string(field.name) + ": " + (field.is_secret ? "<" + value + ">" : value) + "\n";
    ++count;
  }
  return text + (request.chunked_at == count ? "(chunked)\n" : "");
}

const std::string kHead =
    "POST /a HTTP/1.1\r\nHost: h\r\nAuthorization: one\r\nKeep-Alive: 5\r\n"
    "Transfer-Encoding: chunked\r\nX-Hop: 1\r\nConnection: X-Hop\r\nAccept: */*\r\n"
    "authorization: two\r\nExpect: 100-continue\r\n\r\n";

vault::Secret secret(std::string_view text) {
  REQUIRE(vault::lock_memory());
  return vault::Secret::copy_of(text).value();
}

}  // namespace

TEST_CASE("hop-by-hop fields go, and all else leaves as it came", "[I9]") {
  const auto head = head_of(kHead);
  CHECK(shown(outgoing_request(head, "/a", {})) ==
        "POST /a\nHost: h\nAuthorization: one\n(chunked)\nAccept: */*\nauthorization: two\n"
        "Expect: 100-continue\n");
}

TEST_CASE("a body that may change its length on its way is sent in chunks", "[I9]") {
  bindings::Edits chunked;
  chunked.set_chunked();
  const auto said =
      head_of("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nAccept: */*\r\n\r\n");
  CHECK(shown(outgoing_request(said, "/a", chunked)) ==
        "POST /a\nHost: h\n(chunked)\nAccept: */*\n");
  const auto head = head_of(kHead);
  CHECK(shown(outgoing_request(head, "/a", chunked)) == shown(outgoing_request(head, "/a", {})));
}

TEST_CASE("a credential replaces the one value that it was found in", "[I5][I9]") {
  const auto head = head_of(kHead);
  bindings::Edits credential;
  credential.set_field_at(1, "authorization", bindings::Locked{"real"});
  const auto sent = outgoing_request(head, "/a", credential);
  CHECK(sent.holds_secret());
  CHECK(shown(sent) ==
        "POST /a\nHost: h\nAuthorization: <real>\n(chunked)\nAccept: */*\nauthorization: two\n"
        "Expect: 100-continue\n");
}

TEST_CASE("a field that is edited by its name is there once, in its place or at the end", "[I9]") {
  const auto head = head_of(kHead);
  bindings::Edits known;
  known.set_field("AUTHORIZATION", bindings::Locked{"real"});
  CHECK(shown(outgoing_request(head, "/a", known)) ==
        "POST /a\nHost: h\nAuthorization: <real>\n(chunked)\nAccept: */*\n"
        "Expect: 100-continue\n");
  bindings::Edits other;
  other.set_field("X-Key", bindings::Locked{"real"});
  CHECK(shown(outgoing_request(head, "/a", other)) ==
        "POST /a\nHost: h\nAuthorization: one\n(chunked)\nAccept: */*\nauthorization: two\n"
        "Expect: 100-continue\nX-Key: <real>\n");
}

TEST_CASE("what a signer changes: target, fields, what goes, and the length of a collected body",
          "[I9]") {
  const auto head = head_of(kHead);
  bindings::Edits edits;
  edits.set_target("/a?signature=1");
  edits.remove_field("authorization");
  edits.set_field("X-Key", secret("real"));
  edits.set_field("Host", "other");
  edits.set_body_length(7);
  CHECK(check_edits(edits));
  CHECK(shown(outgoing_request(head, "/a", edits)) ==
        "POST /a?signature=1\nHost: other\nAccept: */*\nX-Key: <real>\nContent-Length: 7\n");
}

TEST_CASE("a body that is not there needs no length, unless one was said") {
  bindings::Edits edits;
  edits.set_body_length(0);
  const auto none = head_of("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(shown(outgoing_request(none, "/a", edits)) == "GET /a\nHost: h\n");
  const auto said = head_of("POST /a HTTP/1.1\r\nContent-Length: 0\r\nHost: h\r\n\r\n");
  CHECK(shown(outgoing_request(said, "/a", edits)) == "POST /a\nHost: h\nContent-Length: 0\n");
}

TEST_CASE("an OPTIONS loses one hop; a WebSocket's extensions are not offered") {
  const auto options = head_of("OPTIONS * HTTP/1.1\r\nHost: h\r\nMax-Forwards: 10\r\n\r\n");
  CHECK(shown(outgoing_request(options, "*", {})) == "OPTIONS *\nHost: h\nMax-Forwards: 9\n");
  const auto upgrade = head_of(
      "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
  const auto sent = outgoing_request(upgrade, "/a", {});
  CHECK(sent.asks_for_websocket);
  CHECK(shown(sent) ==
        "GET /a\nHost: h\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n");
}

TEST_CASE("a secret that would become another field, or another target, is refused", "[I9]") {
  const auto refused = [](std::string_view name, std::string_view value) {
    bindings::Edits edits;
    edits.set_field(name, secret(value));
    return !check_edits(edits);
  };
  CHECK_FALSE(refused("X-Key", "real"));
  CHECK(refused("X-Key", "real\r\nX-Other: 1"));
  CHECK(refused("X-Key", " real"));
  CHECK(refused("X Key", "real"));
  CHECK(refused("X-Key", std::string(base::bounds::kRequestFieldBytesMax + 1, 'x')));
  bindings::Edits edits;
  edits.set_target("/a b");
  CHECK_FALSE(check_edits(edits));
}

TEST_CASE("a target with a secret in it makes the head one that holds a secret", "[I1]") {
  const auto head = head_of("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  bindings::Edits edits;
  edits.set_target(bindings::Locked{"/a?key=real"});
  CHECK(check_edits(edits));
  const auto sent = outgoing_request(head, "/a", edits);
  CHECK(sent.target == "/a?key=real");
  CHECK(sent.holds_secret());
}

TEST_CASE("of two edits of one thing the first one counts") {
  const auto head = head_of("GET /a HTTP/1.1\r\nHost: h\r\nX-Key: p\r\n\r\n");
  bindings::Edits edits;
  edits.set_field_at(1, "x-key", bindings::Locked{"real"});
  edits.remove_field("x-key");
  edits.set_field("x-key", "other");
  edits.set_target("/b");
  edits.set_target("/c");
  CHECK(shown(outgoing_request(head, "/a", edits)) == "GET /b\nHost: h\nX-Key: <real>\n");
}

}  // namespace keyswap::flow
