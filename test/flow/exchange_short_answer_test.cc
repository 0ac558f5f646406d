// SPDX-License-Identifier: Apache-2.0
//
// A short answer that is looked through goes on whole, with its length (proxy/flow/short_answer.h).
#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/flow/exchange.h"
#include "proxy/flow/short_answer.h"
#include "test/flow/chunks.h"
#include "test/flow/coded.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kKey = "sk-real-0123456789/abc";
const std::string kPlaceholder = "kswp_PLACEHOLDER_000000000001";

const std::string kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
)";

const std::string kGet =
    "GET /x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: " + kPlaceholder + "\r\n";

// The request that carries the key was sent.
Script asked(const std::string& get = kGet) {
  static const auto bindings = test::bindings_of(kYaml);
  Script script(bindings, {Protocol::https, {"api.example.test", 443, http::HostKind::name}});
  script.vault = {{"K", kKey}};
  script.client(get + "\r\n");
  return script;
}

std::string head_of(std::size_t length, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

std::string with_length(const std::string& body, const std::string& fields = "") {
  return head_of(body.size(), fields) + body;
}

using keyswap::test::has;

}  // namespace

TEST_CASE("E09 a short answer keeps its length, and says that of what it has become", "[I8]") {
  CHECK(has(asked().upstream(with_length("a short answer")).sent_client(),
            "Content-Length: 14\r\n\r\na short answer"));
  const std::string told = asked().upstream(with_length("key: " + kKey + ".")).sent_client();
  CHECK(has(told,
            "Content-Length: " + std::to_string(kPlaceholder.size() + 6) +
                "\r\n\r\nkey: " + kPlaceholder + "."));
  CHECK_FALSE(has(told, "chunked"));
}

TEST_CASE("a short answer in few pieces is whole, in many it goes on as it comes", "[I8][I10]") {
  const std::string body = "0123456789abcdef: " + kKey;
  const std::string shown = "0123456789abcdef: " + kPlaceholder;
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    CAPTURE(piece);
    Script script = asked();
    script.upstream(head_of(body.size())).upstream(body, piece);
    const std::string told = script.sent_client();
    const std::size_t pieces = (body.size() + piece - 1) / piece;
    if (pieces < base::bounds::kShortAnswerPiecesMax) {
      CHECK(has(told, "Content-Length: " + std::to_string(shown.size()) + "\r\n\r\n" + shown));
    } else if (pieces > base::bounds::kShortAnswerPiecesMax) {
      CHECK(has(told, "Transfer-Encoding: chunked\r\n"));
      CHECK(has(test::without_chunks(told), shown));
    }
    CHECK_FALSE(has(told, kKey));
    CHECK(has(script.transcript(), "response 200 complete " + std::to_string(body.size())));
  }
}

TEST_CASE("a short answer that pauses is let go, and the rest follows", "[I8]") {
  Script script = asked();
  script.upstream(head_of(22) + "one line");
  CHECK(script.sent_client().empty());
  script.event(Paused{});
  CHECK(has(test::without_chunks(script.sent_client()), "one line"));
  script.upstream("\nand the last.");
  CHECK(has(test::without_chunks(script.sent_client()), "one line\nand the last."));
  CHECK(script.is_finished());
}

TEST_CASE("of a short answer not even its head is told while nothing pauses", "[I8]") {
  Script script = asked();
  script.upstream(head_of(22));
  CHECK(script.sent_client().empty());
  script.event(Paused{});
  CHECK(has(script.sent_client(), "HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a short answer that is cut is told as far as it came, and cut", "[I8]") {
  Script script = asked();
  script.upstream(head_of(100) + "the key: " + kKey + " and").upstream_closes();
  const std::string told = script.sent_client();
  CHECK(has(told, "Transfer-Encoding: chunked\r\n"));
  CHECK(has(told, "the key: " + kPlaceholder));
  CHECK_FALSE(has(told, "\r\n0\r\n"));
  CHECK(has(script.transcript(), "client cut"));
  CHECK(has(script.transcript(), "response 200 truncated"));
}

TEST_CASE("what a short answer ends with may not be the beginning of a key, cut", "[I8]") {
  Script script = asked();
  script.upstream(head_of(100) + "the key: " + kKey.substr(0, 15)).upstream_closes();
  CHECK_FALSE(has(script.sent_client(), kKey.substr(0, 12)));
}

TEST_CASE("an answer that is coded has the length of what it was decoded to", "[I8]") {
  const std::string coded = test::gzipped("stored: " + kKey);
  const std::string told =
      asked().upstream(with_length(coded, "Content-Encoding: gzip\r\n")).sent_client();
  CHECK(has(told,
            "Content-Length: " + std::to_string(kPlaceholder.size() + 8) +
                "\r\n\r\nstored: " + kPlaceholder));
  CHECK_FALSE(has(told, "gzip"));
}

TEST_CASE("a short answer that cannot be decoded is 502, and nothing of it is told", "[I8]") {
  Script script = asked();
  script.upstream(with_length("this is not gzip", "Content-Encoding: gzip\r\n"));
  CHECK(has(script.sent_client(), "HTTP/1.1 502 "));
  CHECK_FALSE(has(script.sent_client(), "200 OK"));
  CHECK(has(script.transcript(), "upstream discarded"));
}

TEST_CASE("an answer that is not short is not held", "[I8]") {
  Script script = asked();
  script.upstream(head_of(base::bounds::kShortAnswerBytesMax + 1) + "a line\nand ");
  CHECK(has(script.sent_client(), "Transfer-Encoding: chunked\r\n"));
  CHECK(has(script.sent_client(), "a line\n"));
}

TEST_CASE("a client of HTTP/1.0 is told how long a short answer is", "[I8]") {
  const std::string told =
      asked("GET /x HTTP/1.0\r\nHost: api.example.test\r\nAuthorization: " + kPlaceholder + "\r\n")
          .upstream(with_length("a short answer"))
          .sent_client();
  CHECK(has(told, "Content-Length: 14\r\n"));
  CHECK(has(told, "Connection: close\r\n"));
}

TEST_CASE("an upload that breaks while a short answer is held is answered by us", "[I8]") {
  Script script = asked(
      "POST /x HTTP/1.1\r\nHost: api.example.test\r\nTransfer-Encoding: chunked\r\n"
      "Authorization: " +
      kPlaceholder + "\r\n");
  script.client("3\r\nabc\r\n").upstream(head_of(40)).client("zz\r\n");
  CHECK(has(script.sent_client(), "HTTP/1.1 400 "));
}

TEST_CASE("what is coded and may become long is not held", "[I8]") {
  std::string text;
  for (std::size_t i = 0; i < 20'000; ++i) {
    text += std::to_string(i * i) + " ";
  }
  const std::string told =
      asked()
          .upstream(with_length(test::gzipped(text), "Content-Encoding: gzip\r\n"))
          .sent_client();
  CHECK(has(told, "Transfer-Encoding: chunked\r\n"));
}

TEST_CASE("an upload that is still under way does not keep a short answer", "[I8]") {
  Script script = asked(
      "POST /x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 9\r\n"
      "Authorization: " +
      kPlaceholder + "\r\n");
  script.client("some").upstream(with_length("no more, please"));
  CHECK(has(script.sent_client(), "Content-Length: 15\r\n"));
  CHECK(has(script.sent_client(), "no more, please"));
}

}  // namespace keyswap::flow
