// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/buffer.h"
#include "proxy/http/h1/body_writer.h"
#include "proxy/http/h1/request_writer.h"
#include "proxy/http/h1/response_writer.h"

namespace keyswap::http::h1 {

namespace {

constexpr std::size_t kRoom = 4096;

OutgoingRequest post() {
  OutgoingRequest request;
  request.method = "POST";
  request.target = "/a?b";
  request.fields.add({"Host", "h"});
  request.fields.add({"X-Key", "real", true});
  return request;
}

std::string written(RequestWriter& writer, const OutgoingRequest& request) {
  base::Buffer out(kRoom);
  REQUIRE(writer.head(out, request));
  return std::string(out.view());
}

std::string written(ResponseWriter& writer, const OutgoingResponse& response) {
  base::Buffer out(kRoom);
  REQUIRE(writer.head(out, response));
  return std::string(out.view());
}

template <typename Writer>
std::string body(const Writer& writer, std::string_view bytes) {
  base::Buffer space(kRoom);
  return std::string(writer.body(space, bytes).value());
}

template <typename Writer>
std::string end(const Writer& writer) {
  base::Buffer space(kRoom);
  return std::string(writer.end(space).value());
}

OutgoingResponse ok(bool has_unknown_length, bool keeps_connection) {
  OutgoingResponse response(200, "OK");
  response.fields.add({"X", "y"});
  response.has_unknown_length = has_unknown_length;
  response.keeps_connection = keeps_connection;
  return response;
}

}  // namespace

TEST_CASE("a request whose body has no known length goes in chunks, said where the client said it",
          "[I9]") {
  RequestWriter writer;
  OutgoingRequest request = post();
  for (std::size_t at = 0; at <= request.fields.size(); ++at) {
    request.chunked_at = at;
    const std::string coding = "Transfer-Encoding: chunked\r\n";
    const std::string head = written(writer, request);
    std::string expected = "POST /a?b HTTP/1.1\r\n";
    expected += (at == 0 ? coding : "") + "Host: h\r\n" + (at == 1 ? coding : "") +
                "X-Key: real\r\n" + (at == 2 ? coding : "") + "\r\n";
    CHECK(head == expected);
  }
  CHECK(body(writer, "hello") == "5\r\nhello\r\n");
  CHECK(end(writer) == "0\r\n\r\n");
}

TEST_CASE("a piece that is sent from where it lies is framed as any other", "[I1]") {
  RequestWriter writer;
  OutgoingRequest request = post();
  static_cast<void>(written(writer, request));
  base::Buffer space(kRoom);
  CHECK(writer.begin_piece(space, 26).value().empty());
  CHECK(writer.end_piece().empty());
  request.chunked_at = 0;
  static_cast<void>(written(writer, request));
  const std::string bytes(26, 'z');
  CHECK(std::string(writer.begin_piece(space, bytes.size()).value()) + bytes +
            std::string(writer.end_piece()) ==
        body(writer, bytes));
  CHECK_FALSE(writer.begin_piece(space, 0).has_value());  // it would end the body
}

TEST_CASE("the framing of one request is not that of the next", "[I9]") {
  RequestWriter writer;
  OutgoingRequest request = post();
  request.chunked_at = 0;
  static_cast<void>(written(writer, request));
  static_cast<void>(written(writer, post()));
  CHECK(body(writer, "hello") == "hello");
  CHECK(end(writer).empty());
}

TEST_CASE("a request for a WebSocket asks for it on this connection") {
  RequestWriter writer;
  OutgoingRequest request = post();
  request.asks_for_websocket = true;
  CHECK(written(writer, request) ==
        "POST /a?b HTTP/1.1\r\nHost: h\r\nX-Key: real\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\n\r\n");
}

TEST_CASE("what breaks the grammar is not written, wherever it came from", "[I9]") {
  RequestWriter writer;
  base::Buffer out(kRoom);
  OutgoingRequest request = post();
  request.fields.add({"X", "a\r\nY: b"});
  CHECK_FALSE(writer.head(out, request));
  ResponseWriter other;
  OutgoingResponse response = ok(false, true);
  response.fields.add({"X", std::string_view("a\0b", 3)});
  CHECK_FALSE(other.head(out, response));
}

TEST_CASE("a piece that is not chunked is sent as it lies, without a copy") {
  base::Buffer space(kRoom);
  const std::string bytes = "hello";
  CHECK(write_piece(space, bytes, false).value().data() == bytes.data());
  CHECK(write_end(space, false).value().empty());
  CHECK(space.empty());
  base::Buffer narrow(4);
  CHECK_FALSE(write_piece(narrow, bytes, true));
}

TEST_CASE("a client of HTTP/1.1 gets chunks where the length is not known") {
  ResponseWriter writer;
  CHECK(written(writer, ok(true, true)) ==
        "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK_FALSE(writer.closes());
  CHECK(body(writer, "hello") == "5\r\nhello\r\n");
  CHECK(end(writer) == "0\r\n\r\n");
  CHECK(written(writer, ok(false, false)) ==
        "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n");
  CHECK(writer.closes());
  CHECK(body(writer, "hello") == "hello");
}

TEST_CASE("a client of HTTP/1.0 knows no chunks and no interim responses (RFC 9112 section 6.3)") {
  ResponseWriter writer;
  writer.answer(Version::http_1_0);
  CHECK(written(writer, OutgoingResponse(103, "Early Hints")).empty());
  CHECK(written(writer, ok(true, true)) == "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n");
  CHECK(writer.closes());
  CHECK(body(writer, "hello") == "hello");
  CHECK(end(writer).empty());
  writer.answer(Version::http_1_0);
  CHECK(written(writer, ok(false, true)) ==
        "HTTP/1.1 200 OK\r\nX: y\r\nConnection: keep-alive\r\n\r\n");
  CHECK_FALSE(writer.closes());
}

TEST_CASE("an interim response changes nothing of what follows") {
  ResponseWriter writer;
  CHECK(written(writer, OutgoingResponse(103, "Early Hints")) ==
        "HTTP/1.1 103 Early Hints\r\n\r\n");
  CHECK_FALSE(writer.closes());
  OutgoingResponse granted(101, "Switching Protocols");
  granted.grants_websocket = true;
  CHECK(written(writer, granted) ==
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  CHECK_FALSE(writer.closes());
}

}  // namespace keyswap::http::h1
