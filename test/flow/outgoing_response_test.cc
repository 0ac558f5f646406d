// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/outgoing_response.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/http/decoder.h"

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
  REQUIRE(vault::lock_memory());
  Scrubber made;
  REQUIRE(made.add(vault::Secret::copy_of(kSecret).value(), placeholder));
  return made;
}

}  // namespace

TEST_CASE("hop-by-hop fields of a response go; its length stays where it stays true", "[I9]") {
  const auto head = head_of(
      "HTTP/1.1 200 OK\r\nKeep-Alive: 5\r\nContent-Length: 3\r\nX: y\r\nConnection: close\r\n"
      "\r\n");
  CHECK(shown(outgoing_response(head, BodyLength::kept, nullptr)) ==
        "200\nContent-Length: 3\nX: y\n");
  CHECK(shown(outgoing_response(head, BodyLength::changed, nullptr)) ==
        "200\nX: y\n(unknown length)\n");
}

TEST_CASE("a body whose end is said as it comes has no known length") {
  const auto chunked = head_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(shown(outgoing_response(chunked, BodyLength::kept, nullptr)) == "200\n(unknown length)\n");
  const auto until_close = head_of("HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
  CHECK(shown(outgoing_response(until_close, BodyLength::kept, nullptr)) ==
        "200\nX: y\n(unknown length)\n");
}

TEST_CASE("the answer to a HEAD says the length that a GET would have had") {
  const auto head =
      head_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", http::AnswerTo::head_request);
  CHECK(shown(outgoing_response(head, BodyLength::changed, nullptr)) == "200\nContent-Length: 3\n");
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
  CHECK(shown(outgoing_response(head, BodyLength::changed, &looked_for)) ==
        "200\nX: a <P> b\nY: z\nContent-Length: 0\n");
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
  CHECK_FALSE(outgoing_response(head_of(text), BodyLength::kept, &looked_for).has_value());
}

}  // namespace keyswap::flow
