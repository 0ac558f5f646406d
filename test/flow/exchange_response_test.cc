// SPDX-License-Identifier: Apache-2.0
//
// The response on its way to the client, where secrets in it are looked for (I8); the rest of that
// way is in exchange_test.cc.
#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"

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

}  // namespace

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
