// SPDX-License-Identifier: Apache-2.0
//
// What is looked for in an exchange's answer, and what becomes of one that cannot be read (I8).
#include <sstream>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/flow/chunks.h"
#include "test/flow/coded.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kKey = "sk-real-0123456789/abc";
const std::string kPlaceholder = "kswp_PLACEHOLDER_000000000001";
const std::map<std::string, std::string> kVault = {
    {"K", kKey}, {"USER", "joe"}, {"PASS", "the-real-pass-0001"}, {"SEED", "the-real-seed-0001"}};

std::string yaml_with(const std::string& binding) {
  return R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test)" +
         binding + R"( } ]
  B:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: Authorization, template: "Basic {{ (USER + ':' + PASS) | b64encode }}" }
    compose: [ USER, PASS ]
    bindings: [ { host: api.example.test } ]
  H:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: X-Hash, template: "{{ hmac_sha256(SEED, 'x') }}" }
    compose: [ SEED ]
    bindings: [ { host: api.example.test } ]
)";
}

const std::string kGet = "GET /x HTTP/1.1\r\nHost: api.example.test\r\n";
const std::string kWithKey = kGet + "Authorization: " + kPlaceholder + "\r\n";
const std::string kPlain = "HTTP/1.1 200 OK\r\n";

class World {
 public:
  explicit World(const std::string& binding = "")
      : bindings_(test::bindings_of(yaml_with(binding))) {}

  Script script() {
    Script made(bindings_,
                {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
                {&known, nullptr, "", nullptr});
    made.vault = kVault;
    return made;
  }

  // The answer to a request, as the client gets it.
  std::string answer(const std::string& request,
                     const std::string& response,
                     std::size_t piece = 0) {
    Script now = script();
    now.client(request + "\r\n").upstream(response, piece);
    transcript = now.transcript();
    sent = now.sent_upstream();
    return now.sent_client();
  }

  KnownSecrets known;
  std::string transcript;
  std::string sent;

 private:
  std::shared_ptr<const bindings::Bindings> bindings_;
};

std::string with_length(const std::string& fields, const std::string& body) {
  return kPlain + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string in_one_chunk(const std::string& fields, const std::string& body) {
  std::ostringstream size;
  size << std::hex << body.size();
  return kPlain + fields + "Transfer-Encoding: chunked\r\n\r\n" + size.str() + "\r\n" + body +
         "\r\n0\r\n\r\n";
}

using keyswap::test::has;

}  // namespace

TEST_CASE("X03 P06 P07 whatever echoes the key says the placeholder to the client", "[I8]") {
  World world;
  const std::string response =
      "HTTP/1.1 103 Hints\r\nLink: <" + kKey + ">\r\n\r\n" +
      with_length("Location: /cb?k=" + kKey + "\r\n", "{\"auth\":\"Bearer " + kKey + "\"}");
  for (const std::size_t piece : {0U, 1U, 5U, 64U}) {
    CAPTURE(piece);
    const std::string told = world.answer(kWithKey, response, piece);
    CHECK_FALSE(has(told, kKey));
    CHECK(has(told, "Link: <" + kPlaceholder + ">\r\n"));
    CHECK(has(told, "Location: /cb?k=" + kPlaceholder + "\r\n"));
    CHECK(has(told, "Transfer-Encoding: chunked\r\n") == (piece == 1));
    CHECK(has(test::without_chunks(told), "{\"auth\":\"Bearer " + kPlaceholder + "\"}"));
    CHECK(has(world.transcript, "scrubbed K head plain 2, K body plain 1"));
  }
}

TEST_CASE("P08 what comes back on another request, which carries none, is found", "[I8]") {
  World world;
  const std::string body = "stored: " + kKey;
  CHECK(has(world.answer(kGet, with_length("", body)), body));  // nothing was sent there yet
  world.answer(kWithKey, with_length("", "ok"));
  const std::string told = world.answer(kGet, with_length("", body));
  CHECK(has(told, "stored: " + kPlaceholder));
  CHECK_FALSE(has(told, kKey));
}

TEST_CASE("an answer whose request was on its way before the secret was is looked through",
          "[I8]") {
  World world;
  Script slow = world.script();
  slow.client(kGet + "\r\n");
  world.answer(kWithKey, with_length("", "ok"));
  slow.upstream(with_length("", "late: " + kKey));
  CHECK(has(slow.sent_client(), "late: " + kPlaceholder));
}

TEST_CASE("a host that received nothing is not asked otherwise, and its answer is not touched") {
  World world;
  const std::string asked = kGet + "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n";
  const std::string response = with_length("Content-Encoding: gzip\r\n", "whatever");
  CHECK(world.answer(asked, response) == response);
  CHECK(has(world.sent, "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n"));
}

TEST_CASE("where secrets are looked for, a whole answer is asked for, uncompressed", "[I8]") {
  World world;
  const std::string fields =
      "Accept-Encoding: gzip, br\r\nRange: bytes=0-9\r\nIf-Range: \"x\"\r\nA-IM: gzip\r\n"
      "x-ms-range: bytes=0-9\r\nX-Ms-Range-Get-Content-MD5: true\r\nRequest-Range: bytes=0-9\r\n";
  world.answer(kWithKey + fields, with_length("", "ok"));
  CHECK(has(world.sent, "Accept-Encoding: identity\r\n"));
  CHECK_FALSE(has(world.sent, "ange"));
  CHECK_FALSE(has(world.sent, "A-IM"));
  world.answer(kGet + fields, with_length("", "ok"));
  CHECK(has(world.sent, "Accept-Encoding: identity\r\n"));
  CHECK_FALSE(has(world.sent, "ange"));
  world.answer(kWithKey, with_length("", "ok"));
  CHECK_FALSE(has(world.sent, "Accept-Encoding"));
}

TEST_CASE("P16 what is compressed all the same is undone, searched, and goes on so", "[I8]") {
  World world;
  const std::string once = test::gzipped("the key is " + kKey + ".");
  for (const std::size_t piece : {0U, 1U, 9U}) {
    const std::string told = world.answer(
        kWithKey, with_length("Content-Encoding: gzip\r\nETag: \"x\"\r\n", once), piece);
    CHECK_FALSE(has(told, "Content-Encoding"));
    CHECK(has(told, "ETag: W/\"x\"\r\n"));
    CHECK(has(test::without_chunks(told), "the key is " + kPlaceholder + "."));
    CHECK(has(world.transcript, "response 200 complete " + std::to_string(once.size())));
  }
  const std::string twice =
      with_length("Content-Encoding: gzip\r\nContent-Encoding: x-gzip\r\n", test::gzipped(once));
  CHECK(
      has(test::without_chunks(world.answer(kWithKey, twice)), "the key is " + kPlaceholder + "."));
}

TEST_CASE("what cannot be read is kept back where secrets are known, unless its binding says else",
          "[I8]") {
  const std::string coded = with_length("Content-Encoding: rot13\r\n", "some bytes " + kKey);
  World world;
  const std::string refused = world.answer(kWithKey, coded);
  CHECK(refused.starts_with("HTTP/1.1 502 "));
  CHECK(has(refused, R"("cause":"content_coding_unknown")"));
  CHECK(world.answer(kGet, coded).starts_with("HTTP/1.1 502 "));  // what is known may be in it
  World open(", uninspectable: forward");
  const std::string told = open.answer(kWithKey, coded);
  CHECK(has(told, "Content-Encoding: rot13\r\n"));
  CHECK(has(told, "some bytes " + kPlaceholder));
}

TEST_CASE("a coded answer without a byte keeps its length, so that the next is not its body") {
  World world;
  const std::string empty =
      "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n";
  CHECK(world.answer(kWithKey, empty) == empty);
  CHECK(has(world.transcript, "response 302 complete 0"));
}

TEST_CASE("HP-10 broken gzip, and gzip that grows without end, is not passed on", "[I8][I10]") {
  World world;
  const std::string bomb = test::gzipped(std::string(32 * base::bounds::kDecodedFreeBytes, '\0'));
  const std::string told = world.answer(kWithKey, in_one_chunk("Content-Encoding: gzip\r\n", bomb));
  CHECK(has(world.transcript, "response 200 upstream_protocol_error"));
  CHECK(has(world.transcript, "client cut"));
  CHECK(told.size() <= 2 * base::bounds::kFilteredBytesMax);
  const std::string broken = test::gzipped("some text, and more of it").substr(0, 20) + "broken";
  world.answer(kWithKey, in_one_chunk("Content-Encoding: gzip\r\n", broken));
  CHECK(has(world.transcript, "client cut"));
  CHECK(has(world.answer(kWithKey, with_length("Content-Encoding: gzip\r\n", broken)),
            "HTTP/1.1 502 "));
  CHECK(has(world.transcript, "response 0 upstream_protocol_error"));
}

TEST_CASE("the answer to a HEAD is shown as that to a GET would be, but for its length", "[I8]") {
  World world;
  const std::string head =
      "HEAD /x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: " + kPlaceholder + "\r\n";
  CHECK(has(world.answer(head, kPlain + "Content-Length: 5\r\n\r\n"), "Content-Length: 5\r\n"));
  const std::string coded =
      world.answer(head, kPlain + "Content-Encoding: rot13\r\nContent-Length: 5\r\n\r\n");
  CHECK(coded.starts_with("HTTP/1.1 200 "));
}

TEST_CASE("what comes together with an end or a break is scrubbed before either is told", "[I8]") {
  World world;
  Script whole = world.script();
  whole.client(kWithKey + "\r\n").upstream(kPlain + "\r\n").upstream("x " + kKey).upstream_closes();
  CHECK(has(whole.sent_client(), "x " + kPlaceholder));
  CHECK(has(whole.transcript(), "response 200 complete"));
  Script cut = world.script();
  cut.client(kWithKey + "\r\n")
      .upstream(kPlain + "Content-Length: 1000\r\n\r\nx " + kKey.substr(0, 20))
      .upstream_closes();
  CHECK_FALSE(has(cut.sent_client(), "sk-real"));  // its beginning is not shown either
  CHECK(has(cut.transcript(), "client cut"));
}

TEST_CASE("N12 an event goes on as it came, before anything follows", "[I8]") {
  World world;
  Script now = world.script();
  now.client(kWithKey + "\r\n")
      .upstream(kPlain + "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  now.upstream("9\r\ndata: 1\n\n\r\n");
  CHECK(now.sent_client().ends_with("9\r\ndata: 1\n\n\r\n"));
  const std::string event = "data: " + kKey + "\n\n";
  const std::string begin = event.substr(0, 11);
  const std::string end = event.substr(11);
  now.upstream("b\r\n" + begin + "\r\n");
  CHECK(now.sent_client().ends_with("6\r\ndata: \r\n"));
  now.upstream("13\r\n" + end + "\r\n");
  CHECK(now.sent_client().ends_with("1f\r\n" + kPlaceholder + "\n\n\r\n"));
}

TEST_CASE("what an answer ends in goes on when it pauses, but for half a secret", "[I8]") {
  World world;
  Script now = world.script();
  now.client(kWithKey + "\r\n").upstream(kPlain + "Transfer-Encoding: chunked\r\n\r\n");
  now.upstream("4\r\ntick\r\n");
  CHECK_FALSE(has(now.sent_client(), "tick"));
  now.event(Paused{});
  CHECK(now.sent_client().ends_with("4\r\ntick\r\n"));
  now.upstream("9\r\ntick" + kKey.substr(0, 5) + "\r\n").event(Paused{});
  CHECK(now.sent_client().ends_with("4\r\ntick\r\n4\r\ntick\r\n"));
  now.event(Paused{}).upstream("11\r\n" + kKey.substr(5) + "\r\n0\r\n\r\n");
  CHECK(now.sent_client().ends_with("1d\r\n" + kPlaceholder + "\r\n0\r\n\r\n"));
}

TEST_CASE("the parts of a Basic pair are found in it, and what a scheme computes as a whole",
          "[I8]") {
  World world;
  const std::string basic = "Basic " + base::to_base64("joe:the-real-pass-0001");
  const std::string told = world.answer(kGet + "Authorization: kswp_PLACEHOLDER_000000000002\r\n",
                                        with_length("X: " + basic + "\r\n", ""));
  CHECK(has(told, "X: Basic am9lO"));
  CHECK_FALSE(has(told, basic));
  CHECK(has(told, "kswp_PLACEHOLDER_000000000002"));
  Script hashing = world.script();
  hashing.client(kGet + "X-Hash: kswp_PLACEHOLDER_000000000003\r\n\r\n");
  const std::string sent = hashing.sent_upstream();
  const std::size_t at = sent.find("X-Hash: ") + 8;
  const std::string hash = sent.substr(at, sent.find('\r', at) - at);
  REQUIRE(hash.size() == 64);
  hashing.upstream(with_length("", "h=" + hash));
  CHECK(has(hashing.sent_client(), "h=kswp_PLACEHOLDER_000000000003"));
}

TEST_CASE("with `scrub: off` the answer goes on as it came, and nothing is known of it", "[I8]") {
  World world(", scrub: off");
  const std::string response = with_length("X: " + kKey + "\r\n", kKey);
  CHECK(world.answer(kWithKey + "Accept-Encoding: gzip\r\n", response) == response);
  CHECK(has(world.sent, "Accept-Encoding: gzip\r\n"));
  CHECK(world.answer(kGet, response) == response);
}

TEST_CASE("P18 an answer of our own holds neither the key nor what is configured", "[I8]") {
  World world;
  Script broken = world.script();
  broken.client(kWithKey + "\r\n").upstream("HTTP/1.1 200 OK\r\nX " + kKey + "\r\n\r\n");
  CHECK(broken.sent_client().starts_with("HTTP/1.1 502 "));
  CHECK_FALSE(has(broken.sent_client(), kKey));
  CHECK_FALSE(has(broken.sent_client(), "Bearer"));
}

TEST_CASE("the 101 of a WebSocket is scrubbed, and the WebSocket goes on with what is known",
          "[I8]") {
  World world(", websocket: true");
  Script now = world.script();
  const std::string opening =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  now.client(kWithKey + opening + "\r\n")
      .upstream(
          "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Echo: " +
          kKey + "\r\n\r\n");
  CHECK(has(now.sent_client(), "X-Echo: " + kPlaceholder + "\r\n"));
  CHECK(has(now.transcript(), "websocket"));
  CHECK(now.begun.search != nullptr);
  CHECK(now.begun.is_scrubbed);
  CHECK(now.begun.findings.list().size() == 1);
}

}  // namespace keyswap::flow
