// SPDX-License-Identifier: Apache-2.0
//
// The promises that the flow keeps, each over many requests at once. The same promises are tested
// over the wire, with the real binary, in test/e2e (their numbers stand in the names of the tests
// there).
#include <random>

#include <catch2/catch.hpp>

#include "proxy/base/bytes.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kSecret = "real-key-0001";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, methods: [GET, POST], paths: ["/v1/**"] } ]
)";

Script script(flow::Protocol scheme = flow::Protocol::https) {
  return Script(test::bindings_of(kYaml),
                {scheme, {"api.example.test", 443, http::HostKind::name}});
}

std::string request(const std::string& line,
                    const std::string& fields,
                    const std::string& body = "") {
  return line + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n" + body;
}

const std::string kAuth = "Authorization: Bearer " + kP + "\r\n";
const std::string kGood = request("GET /v1/x", kAuth);
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

using keyswap::test::has;

bool shows_secret(const std::string& text) {
  return has(text, kSecret) || has(text, base::to_hex(kSecret)) ||
         has(text, base::to_base64(kSecret).substr(0, 12));
}

// Requests that carry the placeholder where, how or to whom it is not bound.
std::vector<std::string> misplaced() {
  return {request("DELETE /v1/x", kAuth),
          request("GET /admin", kAuth),
          request("GET /v1/../admin", kAuth),
          request("GET /v1/%2e%2e/admin", kAuth),
          request("GET /v1/x", "X-Other: " + kP + "\r\n"),
          request("GET /v1/x?key=" + kP, ""),
          request("GET /v1/x", "Cookie: a=" + kP + "\r\n"),
          request("GET /v1/" + kP, "")};
}

}  // namespace

TEST_CASE("I1 the secret is in what goes upstream and in nothing else that an exchange says",
          "[I1]") {
  auto done = script().client(kGood).upstream(kOk);
  CHECK(has(done.sent_upstream(), kSecret));
  CHECK(!shows_secret(done.sent_client()));
  std::istringstream lines(done.transcript());
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("to upstream (secret): ")) {
      CHECK(!shows_secret(line));
    }
  }
}

TEST_CASE("I2 a misplaced placeholder travels on as it is, and the record says so", "[I2]") {
  for (const std::string& sent : misplaced()) {
    INFO(sent);
    auto done = script().client(sent).upstream(kOk);
    CHECK(done.sent_upstream() == sent);
    CHECK(has(done.transcript(), "record denied "));
  }
}

TEST_CASE("I3 any name that differs is refused before anything is looked up or sent", "[I3]") {
  for (const std::string name :
       {"other.test", "api.example.test:444", "api.example.tes", "xapi.example.test"}) {
    auto by_host = script().client("GET /v1/x HTTP/1.1\r\nHost: " + name + "\r\n" + kAuth + "\r\n");
    CHECK(by_host.transcript().starts_with("record refused identity_mismatch"));
    CHECK(by_host.sent_upstream().empty());
  }
  for (const std::string name : {"other.test", "xapi.example.test", "127.0.0.1"}) {
    auto by_sni = script();
    by_sni.server_name = name;
    by_sni.client(kGood);
    CHECK(has(by_sni.sent_client(), "HTTP/1.1 421 "));
    CHECK(by_sni.sent_upstream().empty());
  }
}

TEST_CASE("I4 an upstream that does not prove its identity gets not one byte of the request",
          "[I4]") {
  auto failing = script();
  failing.dial_failure = audit::Reason::upstream_tls_failed;
  failing.client(kGood);
  CHECK(failing.sent_upstream().empty());
  CHECK(has(failing.transcript(), "record refused upstream_tls_failed"));
}

TEST_CASE("I5 over plain http, or outside host, method, path and place, no secret is opened",
          "[I5]") {
  auto plain = script(flow::Protocol::http).client(kGood).upstream(kOk);
  CHECK(!has(plain.transcript(), "fetch"));
  CHECK(!shows_secret(plain.sent_upstream()));
  for (const std::string& sent : misplaced()) {
    auto done = script().client(sent).upstream(kOk);
    CHECK(!has(done.transcript(), "fetch"));
    CHECK(!shows_secret(done.sent_upstream()));
  }
}

TEST_CASE("I6 no order of events makes a byte leave before its record is durable", "[I6]") {
  std::mt19937 random(6);  // NOLINT(cert-msc51-cpp): the same every time on purpose
  for (int round = 0; round < 300; ++round) {
    auto held = script();
    held.answers_records = false;
    held.client(request("POST /v1/x", kAuth + "Content-Length: 5\r\n", "hello"), 1 + random() % 40);
    for (int step = 0; step < 4; ++step) {
      switch (random() % 3) {
        case 0:
          held.times_out();
          break;
        case 1:
          held.client("more");
          break;
        default:
          held.client_leaves();
      }
      REQUIRE(held.sent_upstream().empty());
    }
    held.record_done(random() % 2 == 0);
    if (!has(held.transcript(), "record allowed")) {
      REQUIRE(held.sent_upstream().empty());
    }
  }
}

TEST_CASE("I9 what can be read in two ways is refused, the connection closed, nothing sent",
          "[I9]") {
  const std::string line = "POST /v1/x HTTP/1.1\r\n";
  const std::string host = "Host: api.example.test\r\n";
  for (const std::string& bad :
       {line + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        line + host + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        line + host + "Transfer-Encoding: gzip, chunked\r\n\r\n",
        line + host + "Transfer-Encoding : chunked\r\n\r\n",
        line + host + "X: a\r\n b\r\n\r\n",
        line + host + "X: a\nY: b\r\n\r\n",
        line + host + host + "\r\n",
        line + "\r\n"}) {
    INFO(bad);
    auto done = script().client(bad);
    CHECK(has(done.sent_client(), "HTTP/1.1 400 "));
    CHECK(has(done.transcript(), "client closed"));
    CHECK(done.sent_upstream().empty());
  }
}

TEST_CASE("I13 a failing vault or audit log ends in a refusal, never in a request", "[I13]") {
  auto without_vault = script();
  without_vault.vault.clear();
  without_vault.client(kGood);
  CHECK(without_vault.sent_upstream().empty());
  CHECK(has(without_vault.sent_client(), "HTTP/1.1 503 "));
  auto without_log = script();
  without_log.records_are_durable = false;
  without_log.client(kGood);
  CHECK(without_log.sent_upstream().empty());
  CHECK(has(without_log.sent_client(), "HTTP/1.1 503 "));
}

TEST_CASE("I14 an exchange keeps the bindings it began with", "[I14]") {
  auto before = test::bindings_of(kYaml);
  const std::weak_ptr<const bindings::Bindings> watched = before;
  auto begun = Script(before);
  begun.answers_records = false;
  begun.client(kGood);
  before = test::bindings_of("version: 1\nunmatched_destination_policy: deny\nsecrets: {}\n");
  CHECK(!watched.expired());
  begun.record_done(true);
  CHECK(has(begun.sent_upstream(), kSecret));
}

TEST_CASE("I15 cut at every byte, requests and responses come out the same", "[I15]") {
  const std::string post = request("POST /v1/x", kAuth + "Content-Length: 5\r\n", "hello");
  // Without a body, which comes in chunks as it was cut.
  const std::string answer = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n";
  const auto whole = script().client(post).upstream(answer);
  for (std::size_t piece = 1; piece < post.size(); ++piece) {
    const auto cut = script().client(post, piece).upstream(answer, piece);
    REQUIRE(cut.transcript() == whole.transcript());
    const auto with_body = script().client(post, piece).upstream(kOk, piece).transcript();
    REQUIRE(has(with_body, "response 200 complete 2\n"));
  }
}

TEST_CASE("a connection that either side logged in on is kept for its client alone", "[I16]") {
  const std::string plain = request("GET /v1/x", "");
  const std::string body = "Content-Length: 2\r\n\r\nhi";
  const auto kept = [](const std::string& sent, const std::string& answered) {
    const std::string said = script().client(sent).upstream(answered).transcript();
    CHECK(has(said, "upstream kept for the client") != has(said, "upstream reused"));
    return has(said, "upstream kept for the client");
  };
  CHECK(!kept(plain, kOk));
  CHECK(!kept(kGood, kOk));
  CHECK(kept(request("GET /v1/x", "Authorization: NTLM TlRM\r\n"), kOk));
  CHECK(kept(plain, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n" + body));
  CHECK(kept(plain, "HTTP/1.1 200 OK\r\nPersistent-Auth: true\r\n" + body));
  CHECK(kept(plain, "HTTP/1.1 103 Early Hints\r\nWWW-Authenticate: NTLM\r\n\r\n" + kOk));
  auto injected = Script(test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Negotiate {secret}" }
    bindings: [ { host: api.example.test } ]
)"));
  CHECK(has(injected.client(kGood).upstream(kOk).transcript(), "upstream kept for the client"));
}

}  // namespace keyswap
