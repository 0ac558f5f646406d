// SPDX-License-Identifier: Apache-2.0
//
// The response on its way to the client, where secrets in it are looked for (I8); the rest of that
// way is in exchange_test.cc.
#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const char* const kBinance = R"(
version: 1
secrets:
  B:
    placeholder: BINANCE_PLACEHOLDER_0000000001
    inject: { type: binance, api_key: KEY, api_secret: SECRET }
    bindings: [ { host: api.binance.com } ]
)";
const std::string kAccount =
    "GET /api/v3/account?timestamp=1 HTTP/1.1\r\nHost: api.binance.com\r\n"
    "X-MBX-APIKEY: BINANCE_PLACEHOLDER_0000000001\r\nAccept-Encoding: gzip, br\r\n\r\n";

Script trading() {
  Script script(test::bindings_of(kBinance),
                {Protocol::https, {"api.binance.com", 443, http::HostKind::name}});
  script.vault = {{"KEY", "the-real-key-0001"}, {"SECRET", "the-real-secret-01"}};
  return script;
}

const std::string kP = "kswp_PLACEHOLDER_000000000001";

Script plain() {
  return Script(test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
)"));
}

// What the client hears of an upstream's answer to a request.
std::string heard(const std::string& line, const std::string& fields, const std::string& answer) {
  Script script = plain();
  script.client(line + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n")
      .upstream("HTTP/1.1 " + answer + "\r\nContent-Length: 0\r\n\r\n");
  return script.sent_client();
}

using keyswap::test::has;

}  // namespace

TEST_CASE("an upstream's 401 or 403 after a placeholder that stayed says why it stayed", "[I2]") {
  const std::string header = "Authorization: Bearer " + kP + "\r\n";
  for (const std::string status : {"401 Unauthorized", "403 Forbidden"}) {
    const std::string told = heard("GET /v2/x", header, status);
    CHECK(told.starts_with("HTTP/1.1 " + status + "\r\n"));
    CHECK(has(told, "Keyswap-Reason: binding_scope_violation\r\n"));
    CHECK(has(heard("GET /v1/x?key=" + kP, "", status), "Keyswap-Reason: untargeted_location\r\n"));
    // One of our own was swapped, and another stayed.
    CHECK(has(heard("GET /v1/x?key=" + kP, header, status),
              "Keyswap-Reason: untargeted_location\r\n"));
    CHECK_FALSE(has(heard("GET /v1/x", header, status), "Keyswap-Reason"));
    CHECK_FALSE(has(heard("GET /v1/x", "", status), "Keyswap-Reason"));
  }
  CHECK_FALSE(has(heard("GET /v2/x", header, "404 Not Found"), "Keyswap-Reason"));
  CHECK_FALSE(has(heard("GET /v1/x", "", "401 No\r\nKeyswap-Reason: faked"), "Keyswap-Reason"));
}

TEST_CASE("a placeholder that stayed in a body is told of, too", "[I2]") {
  Script script = plain();
  script.client("POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: " +
                std::to_string(kP.size()) + "\r\n\r\n" + kP);
  script.upstream("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  CHECK(has(script.sent_client(), "Keyswap-Reason: untargeted_location\r\n"));
}

TEST_CASE("a refusal of the policy's says what would be allowed") {
  Script refused(test::bindings_of(R"(
version: 1
misplaced_placeholder: refuse
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, methods: [GET], paths: ["/v1/**"] } ]
)"));
  refused.client("GET /v2/x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP +
                 "\r\n\r\n");
  CHECK(has(refused.sent_client(), "Secret: K. Allowed: GET of /v1/** on api.example.test.\","));
}

TEST_CASE("a key that the exchange echoes is the placeholder again, in fields and body", "[I8]") {
  const std::string body =
      R"({"k":"the-real-key-0001","h":"7468652d7265616c2d7365637265742d3031"})";
  const std::string response =
      "HTTP/1.1 200 OK\r\nX-Echo: a the-real-key-0001\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  for (const std::size_t piece : {0U, 1U, 7U, 100U}) {
    auto script = trading();
    script.client(kAccount).upstream(response, piece);
    CAPTURE(piece);
    const std::string sent = script.sent_client();
    CHECK(sent.find("the-real-") == std::string::npos);
    CHECK(sent.find("7468652d7265616c") == std::string::npos);
    CHECK(sent.find("X-Echo: a BINANCE_PLACEHOLDER_0000000001\r\n") != std::string::npos);
    const bool is_chunked = piece == 1;  // too many pieces to be held until it is whole
    CHECK((sent.find("Transfer-Encoding: chunked\r\n") != std::string::npos) == is_chunked);
    CHECK((sent.find("Content-Length") == std::string::npos) == is_chunked);
    CHECK(sent.ends_with("\r\n0\r\n\r\n") == is_chunked);
    if (!is_chunked) {
      CHECK(sent.find(R"({"k":"BINANCE_PLACEHOLDER_0000000001","h":"BINANCE_PLACEHOLDER_)") !=
            std::string::npos);
    }
    CHECK(script.sent_upstream().find("Accept-Encoding: identity\r\n") != std::string::npos);
    CHECK(script.transcript().find("response 200 complete " + std::to_string(body.size())) !=
          std::string::npos);
  }
}

TEST_CASE("what is coded in a way that nobody knows is not shown", "[I8]") {
  auto script = trading();
  script.client(kAccount).upstream(
      "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\nxx");
  CHECK(script.sent_client().starts_with("HTTP/1.1 502 "));
  auto twice = trading();
  twice.client(kAccount).upstream(
      "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding: rot13\r\n"
      "Content-Length: 2\r\n\r\nxx");
  CHECK(twice.sent_client().starts_with("HTTP/1.1 502 "));
}

TEST_CASE("a client does not cut what is looked through to pieces", "[I8]") {
  auto script = trading();
  std::string request(kAccount);
  request.insert(request.size() - 2, "Range: bytes=0-9\r\nIf-Range: \"x\"\r\n");
  script.client(request);
  CHECK(script.sent_upstream().find("HTTP/1.1\r\n") != std::string::npos);
  CHECK(script.sent_upstream().find("Range") == std::string::npos);
}

TEST_CASE("a response without a body keeps its framing when it is looked through", "[I8]") {
  auto script = trading();
  script.client(kAccount).upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(script.sent_client().find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(script.transcript().find("client kept") != std::string::npos);
}

TEST_CASE("TLS that ends before an answer is told as that, with its cause; so is what is no HTTP") {
  const auto ended = [](const base::Failure& failure) {
    auto script = trading();
    script.client(kAccount).event(UpstreamBroken{.failure = failure});
    return script.sent_client() + script.transcript();
  };
  const std::string late =
      ended({base::Cause::client_certificate_required, "alert certificate_required"});
  CHECK(late.find("HTTP/1.1 502 Upstream TLS failed\r\n") != std::string::npos);
  CHECK(late.find("which keyswap does not have: alert certificate_required.") != std::string::npos);
  CHECK(late.find(R"("cause":"client_certificate_required")") != std::string::npos);
  CHECK(late.find("response 0 upstream_tls_failed") != std::string::npos);
  const std::string closed = ended({base::Cause::closed_before_answer, {}});
  CHECK(closed.find("HTTP/1.1 502 Bad upstream response\r\n") != std::string::npos);
  CHECK(closed.find("closed the connection before it answered.") != std::string::npos);
}

TEST_CASE("what of an answer cannot be passed on is named, with the bound") {
  auto coded = trading();
  coded.client(kAccount).upstream("HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\n");
  CHECK(coded.sent_client().find(R"("cause":"content_coding_unknown")") != std::string::npos);
  auto patient = trading();
  patient.client(kAccount);
  for (std::size_t i = 0; i <= base::bounds::kInterimResponsesMax; ++i) {
    patient.upstream("HTTP/1.1 102 Processing\r\n\r\n");
  }
  CHECK(patient.sent_client().find("too many interim (1xx) responses: at most 16") !=
        std::string::npos);
}

}  // namespace keyswap::flow
