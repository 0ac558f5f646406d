// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/exchange.h"

#include <functional>
#include <vector>

#include <catch2/catch.hpp>

#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
)";

const std::string kGet =
    "GET /v1/x?q=1 HTTP/1.1\r\nHost: api.example.test\r\nAccept: */*\r\n"
    "Authorization: Bearer " +
    kP + "\r\n\r\n";
const std::string kPost =
    "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP +
    "\r\nContent-Length: 5\r\n\r\nhello";
const std::string kPostChunked =
    "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP +
    "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi";

Script script() {
  return Script(test::bindings_of(kYaml));
}

using keyswap::test::has;

}  // namespace

TEST_CASE("a bound request is decided, opened, dialled, recorded and only then sent", "[I6]") {
  CHECK(script().client(kGet).upstream(kOk).transcript() ==
        "fetch K\n"
        "dial\n"
        "record allowed binding_matched K GET /v1/x\n"
        "to upstream (secret): GET /v1/x?q=1 HTTP/1.1\\r\\nHost: api.example.test\\r\\nAccept: */*"
        "\\r\\nAuthorization: Bearer real-key-0001\\r\\n\\r\\n\n"
        "to client: HTTP/1.1 200 OK\\r\\nX-A: b\\r\\nContent-Length: 2\\r\\n\\r\\nhi\n"
        "response 200 complete 2\n"
        "upstream reused\n"
        "client kept\n");
}

TEST_CASE("the outcome does not depend on how the bytes are cut", "[I15]") {
  const std::string response = GENERATE(
      std::string(kOk),
      std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n"),
      std::string("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"));
  const std::string request = GENERATE(std::string(kGet), std::string(kPost));
  const auto whole = script().client(request).upstream(response);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 50U}) {
    const auto cut = script().client(request, piece).upstream(response, piece);
    CHECK(cut.sent_upstream() == whole.sent_upstream());
    if (has(response, "204")) {  // the others come in chunks, cut as they came
      CHECK(cut.transcript() == whole.transcript());
    } else {
      CHECK(cut.is_finished());
    }
  }
}

TEST_CASE("F14 a missing vault entry is a 503 that names it, recorded, and nothing is dialled",
          "[I13]") {
  Script missing = script();
  missing.vault.clear();
  missing.client(kGet);
  CHECK(has(missing.transcript(), "fetch K\nrecord refused secret_unavailable K GET /v1/x\n"));
  CHECK(!has(missing.transcript(), "dial"));
  CHECK(has(missing.sent_client(), R"("secret":"K")"));
  CHECK(missing.sent_upstream().empty());
}

TEST_CASE("A18 SS-07 a value that would break the header is refused, never sent", "[I13]") {
  for (const std::string& value :
       {std::string("a\r\nX: y"), std::string("a\nb"), std::string("a\0b", 3)}) {
    Script bad = script();
    bad.vault["K"] = value;
    bad.client(kGet);
    CHECK(has(bad.transcript(), "record refused secret_unavailable K"));
    CHECK(bad.sent_upstream().empty());
  }
}

TEST_CASE("AU-15 a failed dial is one refused record and its own answer", "[I4]") {
  using audit::Reason;
  const auto [reason, status] = GENERATE(table<Reason, std::string>({
      {Reason::upstream_dns_failed, "502"},
      {Reason::upstream_connect_failed, "502"},
      {Reason::upstream_tls_failed, "502"},
      {Reason::upstream_timeout, "504"},
      {Reason::address_blocked, "403"},
      {Reason::self_destination, "403"},
  }));
  Script failing = script();
  failing.dial_failure = reason;
  failing.client(kGet);
  CHECK(failing.sent_upstream().empty());
  CHECK(has(failing.transcript(),
            "dial\nrecord refused " + std::string(audit::to_string(reason)) + " K GET /v1/x\n"));
  CHECK(has(failing.sent_client(), "HTTP/1.1 " + status + " "));
}

TEST_CASE("a denied placeholder travels inert", "[I2]") {
  const std::string request =
      "GET /admin HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP + "\r\n\r\n";
  const auto denied = script().client(request).upstream(kOk);
  CHECK(denied.sent_upstream() == request);
  CHECK(has(denied.transcript(), "record denied binding_scope_violation K GET /admin\n"));
}

TEST_CASE("C08 a request of another identity is refused before anything is looked up", "[I3]") {
  Script fronting = script();
  fronting.server_name = "other.example";
  fronting.client(kGet);
  CHECK(fronting.transcript().starts_with("record refused identity_mismatch GET /v1/x\n"));
  CHECK(has(fronting.sent_client(), "HTTP/1.1 421 "));
  CHECK(has(fronting.transcript(), "client closed"));
}

TEST_CASE("a chunked upload is re-encoded; extensions and trailers are dropped", "[I9]") {
  const auto sent = script().client(kPostChunked).sent_upstream();
  CHECK(has(sent, "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  CHECK(!has(sent, "Trailer"));
}

TEST_CASE("HP-01 hop-by-hop fields and those that Connection names do not pass, either way",
          "[I9]") {
  const auto done =
      script()
          .client(
              "GET / HTTP/1.1\r\nHost: api.example.test\r\nConnection: keep-alive, X-Hop\r\n"
              "X-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic x\r\nX-End: "
              "2\r\n\r\n")
          .upstream(
              "HTTP/1.1 200 OK\r\nConnection: X-Back\r\nX-Back: 1\r\nContent-Length: 0\r\n\r\n");
  CHECK(done.sent_upstream() == "GET / HTTP/1.1\r\nHost: api.example.test\r\nX-End: 2\r\n\r\n");
  CHECK(done.sent_client() == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a response that ends with its connection reaches a 1.1 client in chunks") {
  auto open = script().client(kGet).upstream("HTTP/1.1 200 OK\r\n\r\n.!\n");
  CHECK(has(open.sent_client(), "Transfer-Encoding: chunked\r\n\r\n3\r\n.!\n\r\n"));
  open.upstream_closes();
  CHECK(open.sent_client().ends_with("3\r\n.!\n\r\n0\r\n\r\n"));
  CHECK(has(open.transcript(), "upstream discarded\nclient kept\n"));
}

TEST_CASE("HP-08 a response cut short is cut for the client too") {
  auto cut = script().client(kGet).upstream("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  cut.upstream_closes();
  CHECK(has(cut.transcript(), "response 200 truncated 3\nupstream discarded\nclient cut\n"));
}

TEST_CASE("HP-05 an upstream that closes without an answer is a 502, never asked again") {
  auto silent = script().client(kGet);
  silent.upstream_closes();
  CHECK(has(silent.transcript(), "response 0 upstream_protocol_error 0\nupstream discarded\n"));
  CHECK(has(silent.sent_client(), "HTTP/1.1 502 "));
  CHECK(silent.sent_upstream().find("GET ") == silent.sent_upstream().rfind("GET "));
}

TEST_CASE("HP-04 interim responses pass, but not without end") {
  std::string many;
  for (int i = 0; i < 17; ++i) {
    many += "HTTP/1.1 102 Processing\r\n\r\n";
  }
  CHECK(has(script().client(kGet).upstream(many).sent_client(), "HTTP/1.1 502 "));
  const auto one =
      script().client(kGet).upstream("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk);
  CHECK(
      one.sent_client().starts_with("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK"));
}

TEST_CASE(
    "HP-07 an answer before the upload's end is passed on, and is the last on both connections") {
  auto early = script().client(
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 100\r\n\r\nabc");
  early.upstream("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
  CHECK(early.sent_client() == "HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  CHECK(has(early.transcript(), "upstream discarded\nclient closed\n"));
}

TEST_CASE("HF-16 a client that leaves in the middle of an upload leaves an aborted upload") {
  auto gone = script().client(
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 100\r\n\r\nabc");
  gone.client_leaves();
  CHECK(has(gone.transcript(), "response 0 client_gone 0\nupstream discarded\nclient cut\n"));
}

TEST_CASE("HF-11 an upload may pause, and not for ever; what we hold up does not count", "[I10]") {
  auto slow = script().client(
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 100000\r\n\r\nabc");
  for (int held = 0; held < 20; ++held) {
    slow.times_out(true);
  }
  for (int windows = 0; windows < 5; ++windows) {
    slow.times_out(false);
    CHECK(slow.wait().wait == Wait::request_body);
  }
  slow.client("more");
  for (int windows = 0; windows < 6; ++windows) {
    REQUIRE(!slow.is_finished());
    slow.times_out(false);
  }
  CHECK(!slow.is_finished());
  slow.times_out(false);
  CHECK(has(slow.sent_client(), "HTTP/1.1 408 "));
}

TEST_CASE(
    "who takes nothing more is named: a 504 or a cut for the upstream, no fault of its for the "
    "client",
    "[I10]") {
  const std::string upload =
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 100000\r\n\r\nabc";
  const UpstreamBroken stalled{.failure = {base::Cause::takes_nothing, "for 120 s"}};
  auto before = script().client(upload).event(stalled);
  CHECK(has(before.sent_client(), "HTTP/1.1 504 "));
  CHECK(has(before.sent_client(), "takes nothing more of what is sent: for 120 s."));
  CHECK(has(before.transcript(), "response 0 upstream_timeout 0\n"));

  const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhi";
  auto after = script().client(upload).upstream(half).event(stalled);
  CHECK(
      has(after.transcript(), "response 200 upstream_timeout 2\nupstream discarded\nclient cut\n"));

  auto client = script().client(kGet).upstream(half).event(ClientGone{true});
  CHECK(
      has(client.transcript(), "response 200 client_timeout 2\nupstream discarded\nclient cut\n"));
}

TEST_CASE("the wait for an answer is ten minutes, or what the binding says") {
  const auto asked = script().client(kGet).wait();
  CHECK(asked.wait == Wait::response_head);
  CHECK(asked.ms == 0);
  CHECK(base::bounds::kResponseHeadMs == 600'000);
  const std::string yaml = kYaml;
  std::string patient = yaml;
  patient.insert(patient.find("paths:"), "response_timeout: 20m, ");
  Script own(test::bindings_of(patient));
  own.client(kPost);
  CHECK(own.wait().wait == Wait::response_head);
  CHECK(own.wait().ms == 1'200'000);
  own.upstream("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  CHECK(own.wait().wait == Wait::response_body);
  CHECK(own.wait().ms == 0);
  // Who carries no placeholder is not under the binding.
  Script bare(test::bindings_of(patient));
  bare.client("GET /v1/x HTTP/1.1\r\nHost: api.example.test\r\n\r\n");
  CHECK(bare.wait().ms == 0);
}

TEST_CASE("SG-10 no answer in time is a 504 and an unknown outcome") {
  auto late = script().client(kGet);
  late.times_out();
  CHECK(has(late.transcript(), "response 0 upstream_timeout 0\n"));
  CHECK(has(late.sent_client(), "HTTP/1.1 504 "));
}

TEST_CASE("HEAD has no body whatever the response says") {
  std::string head = kGet;
  head.replace(0, 3, "HEAD");
  const auto done =
      script().client(head).upstream("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
  CHECK(done.sent_client() == "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
  CHECK(has(done.transcript(), "upstream reused\nclient kept\n"));
}

TEST_CASE("HP-03 Expect is passed on, and 100 Continue comes back from the upstream") {
  auto asking = script().client(
      "PUT /v1/x HTTP/1.1\r\nHost: api.example.test\r\nExpect: 100-continue\r\nContent-Length: "
      "3\r\n\r\n");
  CHECK(has(asking.sent_upstream(), "Expect: 100-continue\r\n"));
  asking.upstream("HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(asking.sent_client() == "HTTP/1.1 100 Continue\r\n\r\n");
  asking.client("abc").upstream(kOk);
  CHECK(asking.is_finished());
  INFO(asking.transcript());
  CHECK(has(asking.transcript(), "client kept"));
}

TEST_CASE("a chunked upload that breaks its framing is cut, not completed", "[I9]") {
  const auto bad = script().client(
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabcXX");
  CHECK(has(bad.transcript(), "upstream discarded\n"));
  CHECK(!has(bad.sent_upstream(), "0\r\n\r\n"));
  CHECK(has(bad.sent_client(), "HTTP/1.1 400 "));
}

TEST_CASE("HP-01 an upgrade that is none of ours goes no further than here, the request does",
          "[I9]") {
  const std::string fields = GENERATE(
      as<std::string>{},
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
      "Connection: upgrade\r\nUpgrade: websocket, h2c\r\nSec-WebSocket-Extensions: x\r\n",
      "Upgrade: TLS/1.0\r\n");
  const std::string request = GENERATE(std::string(kGet), std::string(kPost));
  std::string asked = request;
  asked.insert(asked.find("Host:"), fields);
  CHECK(script().client(asked).upstream(kOk).sent_upstream() ==
        script().client(request).upstream(kOk).sent_upstream());
}

TEST_CASE("HP-12 an upgrade that did not leave is not granted either", "[I9]") {
  std::string asked = kGet;
  asked.insert(asked.find("Host:"), "Connection: Upgrade\r\nUpgrade: h2c\r\n");
  const auto done = script().client(asked).upstream(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  CHECK(done.sent_client().starts_with("HTTP/1.1 502 "));
}

TEST_CASE("HP-01 any field that Connection names stays here, but for what a binding writes",
          "[I5]") {
  std::string asked = kGet;
  asked.insert(asked.find("Host:"),
               "Connection: close, Cookie, X-A, Host, Authorization\r\nCookie: a=b\r\nX-A: 1\r\n");
  CHECK(script().client(asked).upstream(kOk).sent_upstream() ==
        script().client(kGet).upstream(kOk).sent_upstream());
  const auto answered = script().client(kGet).upstream(
      "HTTP/1.1 200 OK\r\nConnection: Set-Cookie,\r\nSet-Cookie: a\r\nX-B: 2\r\nContent-Length: "
      "0\r\n\r\n");
  CHECK_FALSE(has(answered.sent_client(), "Set-Cookie"));
  CHECK(has(answered.sent_client(), "X-B: 2\r\n"));
}

TEST_CASE("a method of any name carries its secret and its body", "[I5]") {
  const std::string method = GENERATE(as<std::string>{}, "LIST", "QUERY", "PURGE", "MKCOL", "x-y");
  std::string asked = kPost;
  asked.replace(0, 4, method);
  const std::string sent = script().client(asked).upstream(kOk).sent_upstream();
  CHECK(sent.starts_with(method + " /v1/x HTTP/1.1\r\n"));
  CHECK(has(sent, "Authorization: Bearer real-key-0001\r\n"));
  CHECK(sent.ends_with("\r\n\r\nhello"));
}

TEST_CASE("an OPTIONS says one hop less to the next (RFC 9110 7.6.2)") {
  std::string asked = kGet;
  asked.replace(0, 3, "OPTIONS");
  asked.insert(asked.find("Host:"), "Max-Forwards: 10\r\n");
  CHECK(has(script().client(asked).upstream(kOk).sent_upstream(), "\r\nMax-Forwards: 9\r\n"));
  asked.replace(asked.find("10"), 2, "0");
  const auto ended = script().client(asked);
  CHECK(ended.sent_upstream().empty());
  CHECK(ended.sent_client().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("statuses that nobody registered pass as they are") {
  const std::string line =
      GENERATE(as<std::string>{}, "299 Odd", "600 High", "799 x", "999 Request denied");
  const std::string get = "GET /v1/x HTTP/1.1\r\nHost: api.example.test\r\n\r\n";
  const auto done =
      script().client(get).upstream("HTTP/1.1 " + line + "\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(done.sent_client() == "HTTP/1.1 " + line + "\r\nContent-Length: 2\r\n\r\nhi");
  const auto interim =
      script().client(get).upstream("HTTP/1.1 104 Upload Resumption\r\nX-A: b\r\n\r\n" + kOk);
  CHECK(interim.sent_client() == "HTTP/1.1 104 Upload Resumption\r\nX-A: b\r\n\r\n" + kOk);
}

TEST_CASE("the largest heads pass, both ways", "[I10]") {
  const auto fields = [](std::size_t count, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += "X-" + std::to_string(100 + i) + ":" + std::string(bytes / count - 8, 'x') + "\r\n";
    }
    return text;
  };
  std::string request = kGet;
  request.insert(request.find("Host:"), fields(124, 64 * 1024 - 200));
  request.insert(request.find("?q=1") + 4, std::string(8 * 1024 - 10, 'q'));
  const std::string response =
      "HTTP/1.1 200 OK\r\n" + fields(250, 256 * 1024 - 100) + "Content-Length: 2\r\n\r\nhi";
  const auto done = script().client(request, 9999).upstream(response, 9999);
  CHECK(done.sent_upstream().size() > 64 * 1024);
  CHECK(done.sent_client().size() > 255 * 1024);
  CHECK(done.sent_client().ends_with("\r\nContent-Length: 2\r\n\r\nhi"));
}

}  // namespace keyswap::flow
