// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/own_bindings.h"

#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kYaml = R"(
version: 1
callers: [ci, other]
secrets:
  ELSEWHERE:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { query: key }
    bindings: [ { host: "files.example.test", port: 8443, callers: [ci] } ]
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, methods: [GET], paths: ["/v1/**", '/"q"'], blocked: ["DELETE /x"] }
      - { host: api.example.test, callers: [other] }
  TRAP:
    placeholder: kswp_PLACEHOLDER_000000000003
    honeytoken: true
)";

const http::Authority kHost{"api.example.test", 443, http::HostKind::name};

const char* const kOfK =
    R"({"name":"K","placeholder":"kswp_PLACEHOLDER_000000000001",)"
    R"("places":[{"kind":"header","name":"authorization","scheme":"header"}],)"
    R"("bindings":[{"host":"api.example.test","port":443,"methods":["GET"],)"
    R"("paths":["/v1/**","/\"q\""],"blocked":["DELETE /x"],"websocket":false}]})";
const char* const kOfElsewhere =
    R"({"name":"ELSEWHERE","placeholder":"kswp_PLACEHOLDER_000000000002",)"
    R"("places":[{"kind":"query","name":"key","scheme":"query"}],)"
    R"("bindings":[{"host":"files.example.test","port":8443,"methods":[],"paths":[],)"
    R"("blocked":[],"websocket":false}]})";

using keyswap::test::has;

// A request in the tunnel of api.example.test.
Script asked(const std::string& request, const std::string& fields = "") {
  Script script(test::bindings_of(kYaml));
  script.client(request + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields + "\r\n");
  return script;
}

}  // namespace

TEST_CASE("a caller is told of its own bindings alone, those of the host first", "[I1]") {
  const auto bindings = test::bindings_of(kYaml);
  const std::string begin = R"({"host":"api.example.test","caller":)";
  const std::string note =
      R"(],"left_off":0,"note":"Send a placeholder at one of its places; keyswap puts the secret )"
      R"(there. No methods, or no paths: any."})"
      "\n";
  CHECK(own_bindings(*bindings, kHost, "") == begin + R"(null,"secrets":[)" + kOfK + note);
  CHECK(own_bindings(*bindings, kHost, "ci") ==
        begin + R"("ci","secrets":[)" + kOfK + "," + kOfElsewhere + note);
}

TEST_CASE("however many bindings there are, so much is told, and the rest counted", "[I10]") {
  std::string yaml = "version: 1\nsecrets:\n";
  for (int i = 1000; i < 2000; ++i) {
    yaml += "  K" + std::to_string(i) + ":\n    placeholder: kswp_PLACEHOLDER_00000000" +
            std::to_string(i) + "\n    inject: { header: Authorization, format: \"{secret}\" }\n" +
            "    bindings: [ { host: h.test } ]\n";
  }
  const std::string told = own_bindings(*test::bindings_of(yaml), kHost, "");
  CHECK(told.size() < base::bounds::kOwnBindingsBytesMax + 2048);
  CHECK(has(told, R"("name":"K1000")"));
  CHECK_FALSE(has(told, R"("name":"K1999")"));
  CHECK_FALSE(has(told, R"("left_off":0)"));
}

TEST_CASE("what a caller may do is answered by keyswap, recorded, and never sent", "[I6]") {
  for (const std::string target : {"/.well-known/keyswap",
                                   "/.well-known/keyswap?x=1",
                                   "https://api.example.test/.well-known/keyswap"}) {
    CAPTURE(target);
    const Script script = asked("GET " + target);
    CHECK(script.transcript().starts_with(
        "record refused bindings_shown GET /.well-known/keyswap\n"));
    CHECK(script.sent_upstream().empty());
    CHECK(script.sent_client().starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json"));
    CHECK(has(script.sent_client(), "Keyswap-Reason: bindings_shown\r\n"));
    CHECK(has(script.sent_client(), kOfK));
    CHECK(has(script.transcript(), "client kept\n"));
  }
  const Script head = asked("HEAD /.well-known/keyswap");
  CHECK(head.sent_client().starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(head.sent_client().ends_with("\r\n\r\n"));
}

TEST_CASE("nobody else than a program that reads is told, and no other path is ours") {
  CHECK(has(asked("POST /.well-known/keyswap").sent_client(), "HTTP/1.1 501 "));
  CHECK(has(asked("GET /.well-known/keyswap", "Origin: https://api.example.test\r\n").sent_client(),
            "HTTP/1.1 403 "));
  CHECK(has(asked("GET /.well-known/keyswap", "Sec-Fetch-Site: same-origin\r\n").sent_client(),
            "Keyswap-Reason: origin_not_allowed\r\n"));
  for (const std::string target : {"/.well-known/keyswap/", "/.well-known/keyswapx", "/x"}) {
    CAPTURE(target);
    CHECK_FALSE(asked("GET " + target).sent_upstream().empty());
  }
}

TEST_CASE("in the clear nobody is told what they may do") {
  Script script(test::bindings_of(kYaml), {Protocol::http, kHost});
  script.client("GET /.well-known/keyswap HTTP/1.1\r\nHost: api.example.test:443\r\n\r\n");
  CHECK(script.sent_client().empty());
  CHECK_FALSE(script.sent_upstream().empty());
}

}  // namespace keyswap::flow
