// SPDX-License-Identifier: Apache-2.0
//
// A request that met a connection which its server was just closing.
#include <string>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using test::Script;

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, quota: { requests: 5, per: day } } ]
)";
const std::string kAuth = "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const UpstreamBroken kStale{.was_stale = true};

Script script() {
  return Script(test::bindings_of(kYaml),
                {Protocol::https, {"api.example.test", 443, http::HostKind::name}});
}

std::string request(const std::string& line, const std::string& fields = "") {
  return line + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n";
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

std::size_t times_sent(const Script& done) {
  return count(done.sent_upstream(), "Host: api.example.test\r\n");
}

}  // namespace

TEST_CASE("a safe request is sent once more, after that is durable, over a connection dialled anew",
          "[I6]") {
  const std::string get = request("GET /a");
  CHECK(script().client(get).event(kStale).upstream(kOk).transcript() ==
        "dial\n"
        "record pass no_placeholder GET /a\n"
        "to upstream: GET /a HTTP/1.1\\r\\nHost: api.example.test\\r\\n\\r\\n\n"
        "response 0 sent_again 0\n"
        "upstream discarded\n"
        "dial anew\n"
        "to upstream: GET /a HTTP/1.1\\r\\nHost: api.example.test\\r\\n\\r\\n\n"
        "to client: HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi\n"
        "response 200 complete 2\n"
        "upstream reused\n"
        "client kept\n");
  for (const std::string method : {"GET", "HEAD", "OPTIONS"}) {
    CHECK(times_sent(script().client(request(method + " /a")).event(kStale)) == 2);
  }
}

TEST_CASE("its secrets are opened and written anew, and it is charged and decided once", "[I1]") {
  const auto done = script().client(request("GET /a", kAuth)).event(kStale).upstream(kOk);
  const std::string said = done.transcript();
  CHECK(count(done.sent_upstream(), "Authorization: Bearer real-key-0001\r\n") == 2);
  CHECK(count(said, "fetch K\n") == 2);
  CHECK(count(said, "record allowed") == 1);
  CHECK(count(said, "charge 0\n") == 1);
  CHECK(count(said, "charge kept\n") == 1);
  CHECK(said.find("response 0 sent_again 0\n") < said.find("dial anew\n"));
}

TEST_CASE("nothing is sent once more while its record is not durable", "[I6]") {
  auto done = script().client(request("GET /a", kAuth));
  done.answers_records = false;
  done.event(kStale);
  CHECK(times_sent(done) == 1);
  done.record_done(false);
  CHECK(times_sent(done) == 1);
  CHECK(done.sent_client().find("HTTP/1.1 503 ") == 0);
  auto gone = script().client(request("GET /a", kAuth));
  gone.answers_records = false;
  gone.event(kStale).client_leaves().record_done(true);
  CHECK(times_sent(gone) == 1);
}

TEST_CASE("a secret that went in between is not sent, and the request has one decision") {
  auto done = script().client(request("GET /a", kAuth));
  done.vault.clear();
  done.event(kStale);
  CHECK(times_sent(done) == 1);
  CHECK(count(done.transcript(), "record ") == 1);
  CHECK(done.sent_client().find("secret_unavailable") != std::string::npos);
}

TEST_CASE("what is not safe, or not known to be unanswered, is sent once") {
  for (const std::string& sent : {request("POST /a", "Content-Length: 0\r\n"),
                                  request("PUT /a", "Content-Length: 2\r\n") + "hi",
                                  request("DELETE /a"),
                                  request("GET /a", "Content-Length: 2\r\n") + "hi",
                                  request("GET /a", "X-HTTP-Method-Override: DELETE\r\n"),
                                  request("GET /a?_method=DELETE")}) {
    INFO(sent);
    const auto done = script().client(sent).event(kStale);
    CHECK(times_sent(done) == 1);
    CHECK(done.sent_client().find("\"retryable\":false") != std::string::npos);
  }
  // Not over a connection that was new, not after a byte of an answer, and not a third time.
  CHECK(times_sent(script().client(request("GET /a")).event(UpstreamBroken{})) == 1);
  CHECK(times_sent(script()
                       .client(request("GET /a"))
                       .upstream("HTTP/1.1 103 Early Hints\r\n\r\n")
                       .event(kStale)) == 1);
  CHECK(times_sent(script().client(request("GET /a")).upstream(kOk.substr(0, 38)).event(kStale)) ==
        1);
  CHECK(times_sent(script().client(request("GET /a")).event(kStale).event(kStale)) == 2);
}

TEST_CASE("a failure that harms nobody when it is repeated says so") {
  const auto retryable = [](Script done) {
    CHECK(done.sent_client().find("\"retryable\":") != std::string::npos);
    return done.sent_client().find("\"retryable\":true") != std::string::npos;
  };
  CHECK(retryable(script().client(request("GET /a")).event(UpstreamBroken{})));
  CHECK(retryable(script().client(request("GET /a")).times_out()));
  CHECK(!retryable(script().client(request("POST /a", "Content-Length: 0\r\n")).times_out()));
  auto unreached = script();
  unreached.dial_failure = audit::Reason::upstream_timeout;
  CHECK(retryable(unreached.client(request("POST /a", "Content-Length: 0\r\n"))));
}

}  // namespace keyswap::flow
