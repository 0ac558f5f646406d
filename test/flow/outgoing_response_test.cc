// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_response.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/http/decoder.h"
#include "test/flow/searches.h"

namespace keyswap::flow {

namespace {

http::ResponseHead head_of(const std::string& text,
                           http::AnswerTo answer_to = http::AnswerTo::other) {
  http::Decoder decoder(http::Decoder::Role::response);
  decoder.expect(answer_to);
  REQUIRE(decoder.next(text).kind == http::Step::Kind::head);
  return decoder.take_response();
}

std::string shown(const std::optional<http::OutgoingResponse>& response) {
  REQUIRE(response);
  std::string text = std::to_string(response->status) + "\n";
  for (const http::OutgoingField& field : response->fields) {
    text += std::string(field.name) + ": " + std::string(field.value) + "\n";
  }
  return text + (response->has_unknown_length ? "(unknown length)\n" : "");
}

constexpr std::string_view kSecret = "the-real-secret-0001";

Scrubber scrubber(const std::string& placeholder) {
  Scrubber made;
  made.use(test::search_for({{std::string(kSecret), placeholder}}));
  return made;
}

}  // namespace

TEST_CASE("hop-by-hop fields of a response go; its length stays where it stays true", "[I9]") {
  const auto head = head_of(
      "HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nContent-Length: 3\r\nX: y\r\nConnection: close\r\n"
      "\r\n");
  CHECK(shown(outgoing_response(head, BodyFate::kept, nullptr)) ==
        "200\nContent-Length: 3\nX: y\n");
  CHECK(shown(outgoing_response(head, BodyFate::changed, nullptr)) ==
        "200\nX: y\n(unknown length)\n");
}

TEST_CASE("an upstream does not speak for keyswap") {
  const auto head = head_of("HTTP/1.1 200 OK\r\nKEYSWAP-Reason: rate_limited\r\nX: y\r\n\r\n");
  CHECK(shown(outgoing_response(head, BodyFate::kept, nullptr)) == "200\nX: y\n(unknown length)\n");
  CHECK(shown(outgoing_interim(head_of("HTTP/1.1 103 Hints\r\nKeyswap-Reason: a\r\n\r\n"),
                               nullptr)) == "103\n");
}

TEST_CASE("a body whose end is said as it comes has no known length") {
  const auto chunked = head_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(shown(outgoing_response(chunked, BodyFate::kept, nullptr)) == "200\n(unknown length)\n");
  const auto until_close = head_of("HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
  CHECK(shown(outgoing_response(until_close, BodyFate::kept, nullptr)) ==
        "200\nX: y\n(unknown length)\n");
}

TEST_CASE("the answer to a HEAD says the length that a GET would have had") {
  const auto head =
      head_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", http::AnswerTo::head_request);
  CHECK(shown(outgoing_response(head, BodyFate::changed, nullptr)) == "200\nContent-Length: 3\n");
}

TEST_CASE("1xx and 204 have no Content-Length (RFC 9110 section 8.6)") {
  const auto interim = head_of("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  CHECK(shown(outgoing_interim(interim, nullptr)) == "103\nLink: x\n");
  CHECK(outgoing_interim(interim, nullptr)->is_interim());
}

TEST_CASE("a secret in a field's value is its placeholder again", "[I8]") {
  auto looked_for = scrubber("<P>");
  const auto head = head_of("HTTP/1.1 200 OK\r\nX: a " + std::string(kSecret) +
                            " b\r\nY: z\r\nContent-Length: 0\r\n\r\n");
  CHECK(shown(outgoing_response(head, BodyFate::changed, &looked_for)) ==
        "200\nX: a <P> b\nY: z\nContent-Length: 0\n");
}

TEST_CASE("nothing of a head is outside the scrubber: reason, names, values, 1xx and 101", "[I8]") {
  auto looked_for = scrubber("placeholder");
  const std::string secret(kSecret);
  const std::string fields = "X-" + secret + ": y\r\nLocation: /x?k=" + secret +
                             "\r\nX-Hex: " + base::to_hex(secret) + "\r\n\r\n";
  const std::string shown_fields =
      "X-placeholder: y\nLocation: /x?k=placeholder\nX-Hex: placeholder\n";
  const auto not_found = head_of("HTTP/1.1 404 No " + secret + "\r\n" + fields);
  const auto final_head = outgoing_response(not_found, BodyFate::changed, &looked_for);
  CHECK(final_head->reason == "No placeholder");
  CHECK(shown(final_head) == "404\n" + shown_fields + "(unknown length)\n");
  const auto early = head_of("HTTP/1.1 103 Early\r\n" + fields);
  CHECK(shown(outgoing_interim(early, &looked_for)) == "103\n" + shown_fields);
  const auto switching = head_of(
      "HTTP/1.1 101 " + secret + "\r\nUpgrade: websocket\r\n" + "Connection: upgrade\r\n" + fields,
      http::AnswerTo::upgrade_request);
  const auto granted = outgoing_switching(switching, &looked_for);
  CHECK(granted->reason == "placeholder");
  CHECK(shown(granted).find(secret) == std::string::npos);
}

TEST_CASE("a field whose name was a secret goes where its placeholder is no name", "[I8]") {
  auto looked_for = scrubber("a placeholder of words");
  const auto head = head_of("HTTP/1.1 204 No\r\n" + std::string(kSecret) + ": y\r\nZ: z\r\n\r\n");
  CHECK(shown(outgoing_response(head, BodyFate::changed, &looked_for)) == "204\nZ: z\n");
}

TEST_CASE("what a head says of coded bytes goes with the coding", "[I8]") {
  const auto head = head_of(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\nETag: \"x\"\r\n"
      "Content-Digest: sha-256=:x:\r\nRepr-Digest: sha-256=:x:\r\nDigest: x\r\n"
      "Content-MD5: x\r\nContent-Type: text/plain\r\n\r\n");
  CHECK(shown(outgoing_response(head, BodyFate::decoded, nullptr)) ==
        "200\nETag: W/\"x\"\nContent-Type: text/plain\n(unknown length)\n");
  const auto weak = head_of("HTTP/1.1 200 OK\r\nETag: W/\"x\"\r\nContent-Length: 0\r\n\r\n");
  CHECK(shown(outgoing_response(weak, BodyFate::decoded, nullptr)).find("ETag: W/\"x\"\n") !=
        std::string::npos);
}

TEST_CASE("a hash of a body that is looked through does not go on, and is no help to guess with",
          "[I8]") {
  const auto head = head_of(
      "HTTP/1.1 200 OK\r\nContent-MD5: x\r\nDigest: x\r\nRepr-Digest: x\r\nContent-Digest: x\r\n"
      "x-goog-hash: x\r\nx-amz-checksum-crc32c: x\r\nX-Amz-Checksum-SHA256: x\r\n"
      "x-ms-content-crc64: x\r\nContent-Encoding: br\r\nETag: \"x\"\r\n\r\n");
  CHECK(shown(outgoing_response(head, BodyFate::changed, nullptr)) ==
        "200\nContent-Encoding: br\nETag: \"x\"\n(unknown length)\n");
  CHECK(shown(outgoing_response(head, BodyFate::kept, nullptr)).find("x-goog-hash: x\n") !=
        std::string::npos);
}

TEST_CASE("a head that grows past its bound is not passed on", "[I10]") {
  auto looked_for = scrubber(std::string(1000, 'p'));
  std::string text = "HTTP/1.1 200 OK\r\n";
  const std::size_t times = base::bounds::kResponseFieldBytesMax / kSecret.size() / 2;
  std::string value;
  for (std::size_t i = 0; i < times; ++i) {
    value += kSecret;
  }
  text += "X: " + value + "\r\n\r\n";
  CHECK_FALSE(outgoing_response(head_of(text), BodyFate::kept, &looked_for).has_value());
}

}  // namespace keyswap::flow
