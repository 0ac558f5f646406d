// SPDX-License-Identifier: Apache-2.0
//
// What an exchange answers itself, and whether the connection may be used on.
#include <string>

#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
)";
const std::string kFields =
    " HTTP/1.1\r\nHost: api.example.test\r\n"
    "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n";

Script script() {
  return Script(test::bindings_of(kYaml));
}

using keyswap::test::has;

}  // namespace

TEST_CASE("a malformed request is refused with a record and the connection closed", "[I9]") {
  const auto bad = script().client(
      "GET / HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 1\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  CHECK(bad.transcript().starts_with("record refused malformed_request  \n"));
  CHECK(has(bad.sent_client(), "HTTP/1.1 400 "));
  CHECK(has(bad.transcript(), "client closed"));
}

TEST_CASE("a refused request leaves its connection usable, once all of it was read") {
  auto whole = script().client("GET /v1/x" + kFields + "\r\n");
  whole.times_out();
  CHECK(has(whole.sent_client(), "HTTP/1.1 504 "));
  CHECK(has(whole.transcript(), "client kept\n"));
  // What comes next would be the rest of this one's body.
  auto half = script().client("POST /v1/x" + kFields + "Content-Length: 5\r\n\r\nhe");
  half.event(UpstreamBroken{});
  CHECK(has(half.sent_client(), "HTTP/1.1 502 "));
  CHECK(has(half.transcript(), "client closed\n"));
}

TEST_CASE("a refusal of HEAD has the head alone") {
  auto late = script().client("HEAD /v1/x" + kFields + "\r\n");
  late.times_out();
  CHECK(has(late.sent_client(), "HTTP/1.1 504 "));
  CHECK(late.sent_client().ends_with("\r\n\r\n"));
}

}  // namespace keyswap::flow
