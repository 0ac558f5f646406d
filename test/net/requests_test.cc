// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/requests.h"

#include <memory>
#include <span>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/net/client_codec.h"
#include "proxy/net/closing.h"
#include "proxy/net/connection.h"
#include "proxy/net/connections.h"
#include "proxy/net/stream.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

namespace bounds = base::bounds;

using keyswap::test::has;

const char* const kGet = "GET http://plain.test/p HTTP/1.1\r\nHost: plain.test\r\n\r\n";
const char* const kGetSecret =
    "GET https://h.test/k/1 HTTP/1.1\r\nHost: h.test\r\n"
    "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n\r\n";
const char* const kConnect = "CONNECT h.test:443 HTTP/1.1\r\nHost: h.test:443\r\n\r\n";
const char* const kConnectOpaque =
    "CONNECT opaque.test:443 HTTP/1.1\r\nHost: opaque.test:443\r\n\r\n";
const char* const kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// The net's own bindings serve every user (uv::LocalUsers in test/fuzz/session/world.cc: our own,
// one that is not known, another one, in turn); these serve whom they name.
void use_bindings(MemoryNet& net, const std::string& top) {
  auto read = bindings::parse(top +
                                  "upstream:\n  resolve: { \"plain.test:80\": \"127.0.0.1:1003\", "
                                  "\"h.test:443\": \"127.0.0.1:1001\" }\n"
                                  "secrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
                                  "    inject: { header: Authorization, format: \"{secret}\" }\n"
                                  "    bindings: [ { host: h.test } ]\n",
                              "/nowhere",
                              {});
  REQUIRE(read.errors.empty());
  net.context.policy.bindings =
      std::make_shared<const bindings::Bindings>(std::move(read.bindings));
  ++net.context.policy.number;
}

}  // namespace

TEST_CASE("a request goes to its upstream once its record is durable, and its answer back",
          "[I6]") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kGet);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle();
  CHECK(host.heard.empty());
  net.settle_durably();
  CHECK(has(host.take_heard(), "GET /p HTTP/1.1\r\n"));
  host.say(kOk);
  net.settle();
  CHECK(has(client.take_heard(), "HTTP/1.1 200 OK\r\n"));

  // The next one goes over the same connections, however it is cut.
  for (const char* byte = kGet; *byte != '\0'; ++byte) {
    client.say({byte, 1});
    net.settle();
  }
  net.settle_durably();
  CHECK(has(host.take_heard(), "GET /p HTTP/1.1\r\n"));
  CHECK(net.upstreams_open() == 1);
}

TEST_CASE("a placeholder becomes the secret on verified TLS alone", "[I1][I5]") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kGetSecret);
  net.settle();
  Peer& host = net.answer_dial();
  host.serve_tls("h.test");
  net.settle_durably();
  CHECK(has(host.heard, "Authorization: Bearer " + std::string(kHeaderSecret) + "\r\n"));
  host.say(kOk);
  net.settle();
  CHECK(has(client.heard, "HTTP/1.1 200 OK\r\n"));
  CHECK_FALSE(has(client.heard, std::string(kHeaderSecret)));
}

TEST_CASE("a host that does not prove itself gets nothing of a request", "[I4]") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kGetSecret);
  net.settle();
  Peer& host = net.answer_dial();
  host.serve_tls("other.test");
  net.settle_durably();
  CHECK(host.heard.empty());
  CHECK(has(client.heard, "Keyswap-Reason: upstream_tls_failed\r\n"));
}

TEST_CASE("what cannot be recorded is refused, and not sent", "[I13]") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kGet);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle();
  while (net.log.answer(false)) {
    net.settle();
  }
  CHECK(host.heard.empty());
  CHECK(has(client.heard, "Keyswap-Reason: audit_unavailable\r\n"));
}

TEST_CASE("requests that come at once are answered one after the other") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(std::string(kGet) + kGet);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle_durably();
  CHECK(has(host.take_heard(), "GET /p"));
  CHECK(host.heard.empty());
  host.say(kOk);
  net.settle_durably();
  CHECK(has(host.take_heard(), "GET /p"));
}

TEST_CASE("a body that ends with a placeholder ends at its upstream, too", "[I6]") {
  const std::string placeholder = "kswp_PLACEHOLDER_000000000009";
  const std::string body = std::string(100'000, 'x') + placeholder;
  const bool leaves = GENERATE(false, true);
  CAPTURE(leaves);
  MemoryNet net;
  Peer& client = net.connect();
  client.say("POST https://body.test/b HTTP/1.1\r\nHost: body.test\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
  if (leaves) {
    client.finish();  // it says no more, and waits for its answer
  }
  net.settle();
  Peer& host = net.answer_dial();
  host.serve_tls("body.test");
  net.settle_durably();
  CHECK(has(host.heard, std::string(kApiKey)));
  CHECK(host.heard.ends_with("\r\n0\r\n\r\n"));
  host.say(kOk);
  net.settle();
  CHECK(has(client.heard, "HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a real value in the head of a CONNECT is told of, and the tunnel stands", "[I1]") {
  const bool is_read = GENERATE(true, false);
  const std::string authority = is_read ? "h.test:443" : "opaque.test:443";
  MemoryNet net;
  const flow::WantedSecret sent{"the-sent-value-0001", "SENT", {}};
  net.real.add(std::span(&sent, 1));
  Peer& client = net.connect();
  client.say("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
             "\r\nProxy-Authorization: Basic " + base::to_base64("joe:the-sent-value-0001") +
             "\r\n\r\n");
  net.settle();
  if (!is_read) {
    net.answer_dial();
    net.settle();
  }
  const std::string told = net.log.last();
  CHECK(has(told, R"("type":"real_secret_seen")"));
  CHECK(has(told, R"("secret":"SENT","where":"header","encoding":"base64")"));
  CHECK(has(told, R"("type":"tunnel")") == !is_read);
  net.settle_durably();
  CHECK(has(client.heard, "HTTP/1.1 200 "));
}

TEST_CASE("where a binding says so, a CONNECT with a real value in its head is refused", "[I1]") {
  MemoryNet net;
  auto read = bindings::parse(R"(
version: 1
allow_users: ["*"]
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: h.test, real_value: refuse } ]
)",
                              "/nowhere",
                              {});
  REQUIRE(read.errors.empty());
  net.context.policy.bindings =
      std::make_shared<const bindings::Bindings>(std::move(read.bindings));
  const flow::WantedSecret sent{"the-sent-value-0001", "K", {}};
  net.real.add(std::span(&sent, 1));
  for (const std::string authority : {"h.test:443", "the-sent-value-0001.test:443"}) {
    CAPTURE(authority);
    Peer& client = net.connect();
    client.say("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
               "\r\nX-Old: the-sent-value-0001\r\n\r\n");
    net.settle();
    CHECK(has(net.log.last(), R"("decision":"refused","reason":"real_secret_sent","secret":"K")"));
    CHECK_FALSE(has(net.log.last(), "the-sent-value-0001"));
    net.settle_durably();
    CHECK(has(client.heard, "Keyswap-Reason: real_secret_sent\r\n"));
    CHECK(net.world().take_dialled().empty());
  }
}

TEST_CASE("the health of the proxy is told, and the connection kept") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(
      "GET http://healthz.keyswap.invalid/healthz HTTP/1.1\r\n"
      "Host: healthz.keyswap.invalid\r\n\r\n");
  net.settle();
  CHECK(has(client.take_heard(), "HTTP/1.1 200 "));
  client.say(kGet);
  net.settle();
  net.answer_dial();
}

TEST_CASE("the answer to a HEAD of what keyswap answers itself ends with its head") {
  MemoryNet net;
  Peer& client = net.connect();
  for (const std::string asked : {"/ HTTP/1.1\r\nHost: localhost:8472\r\n\r\n",
                                  "/healthz HTTP/1.1\r\nHost: localhost:8472\r\n\r\n",
                                  "http://healthz.keyswap.invalid/healthz HTTP/1.1\r\n"
                                  "Host: healthz.keyswap.invalid\r\n\r\n"}) {
    CAPTURE(asked);
    client.say("GET " + asked);
    net.settle();
    const std::string whole = client.take_heard();
    const std::string head = whole.substr(0, whole.find("\r\n\r\n") + 4);
    CHECK(head.starts_with("HTTP/1.1 200 "));
    CHECK(whole.size() > head.size());
    client.say("HEAD " + asked);  // on the same connection, whose next answer begins behind it
    net.settle();
    CHECK(client.take_heard() == head);
  }
}

TEST_CASE(
    "F42 from elsewhere the listener is asked for its health by any name, and says that one") {
  MemoryNet net;
  const std::string host = " HTTP/1.1\r\nHost: keyswap.internal:9000\r\n";
  for (const std::string target : {"/healthz", "/"}) {
    CAPTURE(target);
    Peer& here = net.connect();
    here.say("GET " + target + host + "\r\n");
    net.settle_durably();
    CHECK(has(here.heard, "Keyswap-Reason: origin_not_allowed\r\n"));  // a name that leads here
    Peer& page = net.connect("172.17.0.2");
    page.say("GET " + target + host + "Origin: http://evil.test\r\n\r\n");
    net.settle_durably();
    CHECK(has(page.heard, "Keyswap-Reason: origin_not_allowed\r\n"));
    Peer& there = net.connect("172.17.0.2");
    there.say("GET " + target + host + "\r\n");
    net.settle();
    CHECK(there.heard.starts_with("HTTP/1.1 200 "));
    CHECK(has(there.heard, "HTTPS_PROXY=http://keyswap.internal:9000\n") == (target == "/"));
  }
}

TEST_CASE("another user of the machine gets neither a secret nor a tunnel without a token") {
  MemoryNet net;
  use_bindings(net, "");
  for (const char* asked : {kGet, kGetSecret, kConnect, kConnectOpaque}) {
    net.connect();  // our own user
    Peer& unknown = net.connect();
    Peer& other = net.connect();
    for (Peer* const peer : {&unknown, &other}) {
      peer->say(asked);
      net.settle_durably();
      const std::string heard = peer->take_heard();
      CAPTURE(asked, heard);
      CHECK(has(heard, "HTTP/1.1 407 "));
      CHECK(has(heard, "Keyswap-Reason: user_not_allowed\r\n"));
      CHECK(has(heard, "Proxy-Authenticate: Basic "));
    }
  }
  CHECK(net.world().take_dialled().empty());
  // The control: who runs it is served.
  net.connect().say(kGet);
  net.settle();
  net.answer_dial();
}

TEST_CASE("a user that a reload names is served, and one that it does not name any more is not",
          "[I14]") {
  MemoryNet net;
  use_bindings(net, "allow_users: [2]\n");
  net.connect();
  net.connect();
  Peer& other = net.connect();
  other.say(kGet);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle_durably();
  host.say(kOk);
  net.settle();
  CHECK(has(other.take_heard(), "HTTP/1.1 200 OK\r\n"));
  use_bindings(net, "allow_users: [3]\n");
  other.say(kGet);
  net.settle_durably();
  CHECK(has(other.take_heard(), "Keyswap-Reason: user_not_allowed\r\n"));
}

TEST_CASE("no web page is answered what keyswap answers itself, nor by a route") {
  MemoryNet net;
  for (const char* target : {"/healthz", "/", "/proxy/svc/k/1"}) {
    for (const char* said : {"Host: localhost\r\nOrigin: http://evil.test\r\n",
                             "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n",
                             "Host: evil.test:8472\r\n"}) {
      CAPTURE(target, said);
      Peer& client = net.connect();
      client.say("GET " + std::string(target) + " HTTP/1.1\r\n" + said + "\r\n");
      net.settle_durably();
      CHECK(has(client.heard, "HTTP/1.1 403 "));
      CHECK(has(client.heard, "Keyswap-Reason: origin_not_allowed\r\n"));
    }
  }
  Peer& client = net.connect();
  client.say("GET /healthz HTTP/1.1\r\nHost: localhost:8472\r\n\r\n");
  net.settle();
  CHECK(has(client.heard, "HTTP/1.1 200 "));
}

TEST_CASE("bytes that are no request are a 400, and the end") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say("nonsense\r\n\r\n");
  net.settle_durably();
  CHECK(has(client.heard, "HTTP/1.1 400 "));
  CHECK(client.has_ended);
  CHECK(net.connections->size() == 1);  // it lingers, so that the answer arrives
  net.pass(bounds::kLingerMs);
  CHECK(net.connections->size() == 0);
}

TEST_CASE("who says nothing, or half a head, is not waited for", "[I10]") {
  MemoryNet net;
  Peer& client = net.connect();
  const bool has_begun = GENERATE(false, true);
  if (has_begun) {
    client.say("GET http://pl");
  }
  net.pass(has_begun ? bounds::kRequestHeadMs : bounds::kConnectRequestMs);
  net.settle_durably();
  CHECK(client.has_ended);
  CHECK(has(client.heard, "HTTP/1.1 408 ") == has_begun);
}

TEST_CASE("a client that goes ends what was done for it") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say(kGet);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle_durably();
  client.finish();
  net.settle();
  net.pass(bounds::kHalfClosedMs);
  CHECK(host.has_ended);
  CHECK(net.connections->size() == 0);
  CHECK(net.upstreams_open() == 0);
}

TEST_CASE("when the proxy stops, what is under way is finished, and what rests is closed") {
  MemoryNet net;
  Peer& rests = net.connect();
  Peer& client = net.connect();
  client.say(kGet);
  net.settle();
  Peer& host = net.answer_dial();
  net.settle_durably();
  net.context.is_draining = true;
  net.connections->drain_all();
  net.settle();
  CHECK(rests.has_ended);
  CHECK_FALSE(client.has_ended);
  host.say(kOk);
  net.settle();
  CHECK(has(client.heard, "HTTP/1.1 200 OK\r\n"));
  CHECK(has(client.heard, "Connection: close\r\n"));
  CHECK(client.has_ended);
}

TEST_CASE("who takes the listener for another kind of proxy is told what to set, however it is cut",
          "[I6][I15]") {
  const auto [hello, cause, begin] = GENERATE(table<std::string, std::string, std::string>({
      {"\x16\x03\x01\x02", "client_speaks_tls", "HTTP/1.1 400 "},
      {"\x05\x01\x02", "client_speaks_socks", "\x05\xff"},
      {"\x04\x01\x01\xbb", "client_speaks_socks", std::string("\0\x5b", 2)},
  }));
  const bool is_cut = GENERATE(false, true);
  MemoryNet net;
  Peer& client = net.connect();
  client.say(is_cut ? hello.substr(0, 1) : hello);
  net.settle();
  CHECK(client.heard.empty());  // not a byte before the record is durable
  net.settle_durably();
  CHECK(client.heard.starts_with(begin));
  CHECK(has(client.heard, R"("cause":")" + cause + "\""));
  CHECK(has(client.heard, "HTTPS_PROXY=http://127.0.0.1:8472"));
  CHECK(has(net.log.last(), R"("reason":"malformed_request")"));
  CHECK(has(net.log.last(), R"("cause":")" + cause + "\""));
  CHECK(client.has_ended);
}

TEST_CASE("who begins with HTTP/2 is told that it is not spoken here") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  net.settle_durably();
  CHECK(client.heard.starts_with("HTTP/1.1 400 "));
  CHECK(has(client.heard, "the preface of HTTP/2, where HTTP/1.1 is spoken."));
}

TEST_CASE("bytes that only look like another protocol's in the middle of a head are none") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say("GET /x HT");
  net.settle();
  client.say("\x16\r\n");
  net.settle_durably();
  CHECK(client.heard.starts_with("HTTP/1.1 400 "));
  CHECK_FALSE(has(client.heard, "\"cause\""));
}

TEST_CASE("bytes that only look like another protocol's behind a request are none") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say("GET /healthz HTTP/1.1\r\nHost: localhost:8472\r\n\r\n");
  net.settle();
  CHECK(has(client.take_heard(), "HTTP/1.1 200 "));
  client.say("\x05\x01");
  net.settle_durably();
  CHECK(client.heard.starts_with("HTTP/1.1 400 "));
  CHECK_FALSE(has(client.heard, "\"cause\""));
}

TEST_CASE("the listener's own page and its other paths say what to set, but to no web page") {
  MemoryNet net;
  Peer& client = net.connect();
  client.say("GET / HTTP/1.1\r\nHost: localhost:8472\r\n\r\n");
  net.settle();
  CHECK(client.heard.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(client.take_heard(), "HTTPS_PROXY=http://localhost:8472\n"));
  client.say("GET / HTTP/1.1\r\nHost: localhost:8472\r\nOrigin: http://evil.test\r\n\r\n");
  net.settle_durably();
  CHECK(has(client.take_heard(), "Keyswap-Reason: origin_not_allowed\r\n"));
  Peer& other = net.connect();
  other.say("GET /nothing HTTP/1.1\r\nHost: localhost:8472\r\n\r\n");
  net.settle_durably();
  CHECK(other.heard.starts_with("HTTP/1.1 400 "));
  CHECK(has(other.heard, R"("cause":"no_such_page")"));
  CHECK(has(other.heard, R"("detail":"Nothing is at this path of the listener)"));
}

TEST_CASE("a connection that is cut leaves nothing") {
  MemoryNet net;
  net.connect().say(kGet);
  net.settle();
  net.answer_dial();
  net.settle_durably();
  net.connections->cut_all();
  net.settle();
  CHECK(net.connections->size() == 0);
  CHECK(net.upstreams_open() == 0);
}

}  // namespace keyswap::test
