// SPDX-License-Identifier: Apache-2.0
//
// Logins through an exchange: what the client gets, when, and what it sends afterwards.
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const char* const kYaml = R"(
version: 1
secrets:
  ACCESS:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
    capture:
      - { host: api.example.test, methods: [POST], paths: [/token], json_pointer: /access_token }
  REFRESH:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { body: text, json_pointer: /refresh_token }
    bindings: [ { host: api.example.test, paths: [/token] } ]
    capture:
      - { host: api.example.test, methods: [POST], paths: [/token], json_pointer: /refresh_token }
  ID:
    placeholder: kswp_PLACEHOLDER_00000000003
    inject: { header: X-Identity, format: "{secret}", replace: token }
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
    capture:
      - { host: api.example.test, methods: [POST], paths: [/token], json_pointer: /id_token,
          claims_readable: true }
  SESSION:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { cookie: sid }
    bindings: [ { host: api.example.test, paths: ["/v1/**", /login], scrub: off } ]
    capture:
      - { host: api.example.test, paths: [/login], cookie: sid }
)";

const std::string kAccess = "access-token-0001/a";
const std::string kRefresh = "refresh-token-0001";
const std::string kJwtBegin = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.";
const std::string kSignature = "c2lnbmF0dXJlLTAwMDE";
const std::string kP1 = "kswp_PLACEHOLDER_000000000001";
const std::string kP2 = "kswp_PLACEHOLDER_000000000002";
const std::string kP3 = "kswp_PLACEHOLDER_00000000003";
const std::string kP4 = "kswp_PLACEHOLDER_000000000004";

std::string tokens(const std::string& access, const std::string& refresh) {
  return R"({"access_token":")" + access + R"(","refresh_token":")" + refresh +
         R"(","id_token":")" + kJwtBegin + kSignature + R"("})";
}

std::string with_length(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string in_one_chunk(const std::string& body) {
  std::ostringstream size;
  size << std::hex << body.size();
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size.str() + "\r\n" + body +
         "\r\n0\r\n\r\n";
}

using keyswap::test::has;

class World {
 public:
  explicit World(const char* yaml = kYaml) : bindings_(test::bindings_of(yaml)) {}

  Script script(std::map<std::string, std::string> vault = {}, const std::string& caller = "") {
    Script made(bindings_,
                {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
                {&known, &holdings, caller, nullptr});
    made.vault = std::move(vault);
    return made;
  }

  KnownSecrets known;
  vault::Holdings holdings{std::size_t{1} << 20U};

 private:
  std::shared_ptr<const bindings::Bindings> bindings_;
};

std::string login(std::string body = R"({"code":"1234"})", const std::string& fields = "") {
  return "POST /token HTTP/1.1\r\nHost: api.example.test\r\n" + fields +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

// A renewal whose body is too long to be held.
std::string long_renewal() {
  const std::string padding(base::bounds::kSwapHoldBytes + 1024, 'x');
  return login(R"({"pad":")" + padding + R"(","refresh_token":")" + kP2 + R"("})");
}

}  // namespace

TEST_CASE("a login brings the client placeholders, however its answer is cut", "[I8][I15]") {
  const std::string body = tokens("access-token-0001\\/a", kRefresh);
  for (const std::string& answer : {with_length(body), in_one_chunk(body)}) {
    for (std::size_t piece = 0; piece < answer.size(); ++piece) {
      World world;
      Script now = world.script();
      now.client(login()).upstream(answer, piece);
      REQUIRE(now.vault["ACCESS"] == kAccess);
      REQUIRE(now.vault["REFRESH"] == kRefresh);
      REQUIRE(now.vault["ID"] == kSignature);
      REQUIRE(now.is_finished());
      const std::string told = now.sent_client();
      REQUIRE(has(told,
                  R"({"access_token":")" + kP1 + R"(","refresh_token":")" + kP2 +
                      R"(","id_token":")" + kJwtBegin + kP3 + R"("})"));
      REQUIRE(has(told, "Content-Length: "));
      REQUIRE(has(now.transcript(), "keep ACCESS\nkeep REFRESH\nkeep ID\n"));
      REQUIRE(has(now.transcript(), "client kept"));
    }
  }
}

TEST_CASE("nothing of the answer goes on before what is captured of it is kept", "[I6][I13]") {
  World world;
  Script now = world.script();
  now.answers_captures = false;
  now.client(login()).upstream(with_length(tokens(kAccess, kRefresh)));
  CHECK(now.sent_client().empty());
  CHECK(now.wait().wait == Wait::capture);
  now.event(Paused{});
  CHECK(now.sent_client().empty());
  CHECK_FALSE(now.is_finished());
  now.event(CaptureDone{true});
  CHECK(has(now.sent_client(), kP1));
  CHECK(now.is_finished());
}

TEST_CASE("a token that is not kept, or not in time, is not shown: 503", "[I13]") {
  const int how = GENERATE(0, 1);
  World world;
  Script now = world.script();
  now.keeps_captured = false;
  now.answers_captures = how == 0;
  now.client(login()).upstream(with_length(tokens(kAccess, kRefresh)));
  if (how == 1) {
    now.times_out();
  }
  CHECK(now.is_finished());
  const std::string told = now.sent_client();
  CHECK(has(told, "HTTP/1.1 503 "));
  CHECK(has(told, "Keyswap-Reason: secret_unavailable"));
  CHECK(has(told, "its answer is lost"));
  CHECK(has(told, "captured_not_kept"));
  CHECK_FALSE(has(told, kAccess));
  CHECK_FALSE(has(told, kRefresh));
  CHECK(has(now.transcript(), "upstream discarded"));
}

TEST_CASE("an answer that is captured and cannot be read is not shown: 502", "[I13]") {
  World world;
  Script now = world.script();
  now.client(login()).upstream(with_length("access_token=" + kAccess));
  const std::string told = now.sent_client();
  CHECK(has(told, "HTTP/1.1 502 "));
  CHECK(has(told, "capture_unreadable"));
  CHECK_FALSE(has(told, kAccess));
  CHECK(now.vault.empty());
}

TEST_CASE("an answer that is longer than what is held is not shown: 502", "[I10][I13]") {
  World world;
  Script now = world.script();
  const std::string more(base::bounds::kCapturedAnswerBytesMax, 'a');
  now.client(login()).upstream(with_length(tokens(kAccess, kRefresh + more)), 16 * 1024);
  const std::string told = now.sent_client();
  CHECK(has(told, "HTTP/1.1 502 "));
  CHECK_FALSE(has(told, kAccess));
  CHECK_FALSE(has(told, more));
  CHECK(now.vault.empty());
}

TEST_CASE("who spells a request so that it may be a login replaces no entry, and gets no token",
          "[I5][I13]") {
  World world;
  Script now = world.script({{"ACCESS", "old-access-0001"}});
  std::string request = login();
  request.replace(request.find("/token"), 6, "/echo/../token");
  now.client(request).upstream(with_length(tokens("chosen-by-me-0001", kRefresh)));
  CHECK(has(now.sent_upstream(), "POST /echo/../token HTTP/1.1\r\n"));
  CHECK(has(now.sent_client(), "HTTP/1.1 502 "));
  CHECK_FALSE(has(now.sent_client(), kRefresh));
  CHECK(now.vault == std::map<std::string, std::string>{{"ACCESS", "old-access-0001"}});
}

TEST_CASE("what a secret brings is neither shown to, nor replaced by, who may not use it",
          "[I5][I13]") {
  World world(R"(
version: 1
callers: [a, b]
secrets:
  ACCESS:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, paths: ["/v1/**"], callers: [a] } ]
    capture:
      - { host: api.example.test, methods: [POST], paths: [/token], json_pointer: /access_token }
  REFRESH:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { body: text, json_pointer: /refresh_token }
    bindings: [ { host: api.example.test, paths: [/token] } ]
    capture:
      - { host: api.example.test, methods: [POST], paths: [/token], json_pointer: /refresh_token }
)");
  const std::string renewal = login(R"({"refresh_token":")" + kP2 + R"("})");
  const std::string answer = with_length(tokens(kAccess, "refresh-token-0002"));
  const std::map<std::string, std::string> before = {{"ACCESS", "old-access-0001"},
                                                     {"REFRESH", kRefresh}};
  Script theirs = world.script(before, "b");
  theirs.client(renewal).upstream(answer);
  CHECK(has(theirs.sent_upstream(), kRefresh));
  CHECK(has(theirs.sent_client(), "HTTP/1.1 502 "));
  CHECK_FALSE(has(theirs.sent_client(), kAccess));
  CHECK(theirs.vault == before);
  // Of a long body it is not known beforehand what will be swapped in it.
  Script longer = world.script(before, "b");
  longer.client(long_renewal()).upstream(answer);
  CHECK_FALSE(has(longer.sent_client(), kAccess));
  CHECK(longer.vault == before);
  // A login of their own, without a secret of ours, is theirs.
  Script own = world.script({}, "b");
  own.client(login()).upstream(answer);
  CHECK(has(own.sent_client(), kAccess));
  CHECK_FALSE(own.vault.contains("ACCESS"));
  Script owner = world.script(before, "a");
  owner.client(renewal).upstream(answer);
  CHECK(owner.vault["ACCESS"] == kAccess);
  CHECK(has(owner.sent_client(), kP1));
}

TEST_CASE("an upstream that ends in the middle of such an answer shows nothing of it", "[I13]") {
  World world;
  Script now = world.script();
  const std::string answer = with_length(tokens(kAccess, kRefresh));
  now.client(login()).upstream(answer.substr(0, answer.size() - 3)).upstream_closes();
  const std::string told = now.sent_client();
  CHECK(has(told, "HTTP/1.1 502 "));
  CHECK_FALSE(has(told, kAccess));
  CHECK(now.vault.empty());
}

TEST_CASE("an upstream that closes behind its answer, or says more, does not undo the login") {
  const int how = GENERATE(0, 1, 2);
  World world;
  Script now = world.script();
  now.answers_captures = false;
  now.client(login()).upstream(with_length(tokens(kAccess, kRefresh)));
  if (how == 0) {
    now.upstream_closes();
  } else if (how == 1) {
    now.event(UpstreamEnd{});
  } else {
    now.event(UpstreamBody{"more"});
  }
  now.event(CaptureDone{true});
  CHECK(has(now.sent_client(), kP1));
  CHECK(has(now.transcript(), "upstream discarded"));
}

TEST_CASE("a client that leaves during a login does not lose what came") {
  World world;
  Script now = world.script();
  now.answers_captures = false;
  now.client(login()).upstream(with_length(tokens(kAccess, kRefresh)));
  now.client_leaves();
  CHECK(now.is_finished());
  CHECK(now.vault["ACCESS"] == kAccess);  // it was handed over, and nobody takes it back
  now.event(CaptureDone{true});
  CHECK(now.sent_client().empty());
}

TEST_CASE("an answer that is whole before the request's secret came is a login all the same",
          "[I13]") {
  const bool is_kept = GENERATE(true, false);
  std::string yaml = kYaml;
  const std::string scope = "{ host: api.example.test, paths: [/token] }";
  yaml.replace(yaml.find(scope),
               scope.size(),
               "{ host: api.example.test, paths: [/token], quota: { requests: 5, per: day } }");
  World world(yaml.c_str());
  Script now = world.script({{"REFRESH", kRefresh}});
  now.answers_fetches = false;
  now.answers_captures = false;
  now.client(long_renewal());
  REQUIRE(has(now.transcript(), "charge 0"));
  now.upstream(with_length(tokens(kAccess, "refresh-token-0002")));
  CHECK(now.sent_client().empty());
  now.event(SecretsUnavailable{});  // it comes too late to matter
  now.event(CaptureDone{is_kept});
  CHECK(has(now.sent_client(), is_kept ? kP1 : "captured_not_kept"));
  CHECK(has(now.transcript(), "charge kept"));
}

TEST_CASE("a secret that does not come in the middle of a body is what its client is told",
          "[I13]") {
  World world;
  Script now = world.script({});
  now.answers_fetches = false;
  const std::string answer = with_length(tokens(kAccess, "refresh-token-0002"));
  now.client(long_renewal()).upstream(answer.substr(0, answer.size() - 3));
  now.event(SecretsUnavailable{});
  CHECK(has(now.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(now.sent_client(), "secret_unavailable"));
  CHECK_FALSE(has(now.sent_client(), kAccess));
}

TEST_CASE("the placeholders of a login are swapped, and a renewal takes their place") {
  World world;
  Script first = world.script();
  first.client(login()).upstream(with_length(tokens(kAccess, kRefresh)));
  Script use = world.script(first.vault);
  use.client("GET /v1/me HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP1 +
             "\r\n\r\n");
  CHECK(has(use.sent_upstream(), "Bearer " + kAccess + "\r\n"));
  Script renew = world.script(first.vault);
  renew
      .client(login(R"({"grant_type":"refresh_token","refresh_token":")" + kP2 + R"("})",
                    "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n"))
      .upstream(with_length(tokens("access-token-0002", "refresh-token-0002")));
  CHECK(has(renew.sent_upstream(), R"("refresh_token":")" + kRefresh + "\""));
  CHECK(has(renew.sent_upstream(), "Accept-Encoding: identity\r\n"));
  CHECK_FALSE(has(renew.sent_upstream(), "Range"));
  CHECK(renew.vault["ACCESS"] == "access-token-0002");
  CHECK(renew.vault["REFRESH"] == "refresh-token-0002");
  CHECK(has(renew.sent_client(), R"({"access_token":")" + kP1));
  CHECK_FALSE(has(renew.sent_client(), "token-0002"));
}

TEST_CASE("a captured JWT is whole again where its placeholder is swapped") {
  World world;
  Script now = world.script({{"ID", kSignature}});
  now.client("GET /v1/me HTTP/1.1\r\nHost: api.example.test\r\nX-Identity: " + kJwtBegin + kP3 +
             "\r\n\r\n");
  CHECK(has(now.sent_upstream(), ": " + kJwtBegin + kSignature + "\r\n"));
}

TEST_CASE("a login that is pending is told as it is") {
  World world;
  Script now = world.script();
  const std::string answer = with_length(R"({"error":"authorization_pending"})");
  now.client(login()).upstream(answer);
  CHECK(now.sent_client() == answer);
  CHECK_FALSE(has(now.transcript(), "keep "));
}

TEST_CASE("a captured value stands nowhere else in the answer, also under `scrub: off`", "[I8]") {
  World world;
  Script now = world.script({{"SESSION", "old-session-0001"}});
  const std::string session = "new-session-0001";
  now.client("GET /login HTTP/1.1\r\nHost: api.example.test\r\nCookie: sid=" + kP4 + "\r\n\r\n")
      .upstream("HTTP/1.1 302 Found\r\nSet-Cookie: sid=" + session +
                "; HttpOnly\r\nLocation: /x?s=" + session + "\r\nContent-Length: 0\r\n\r\n");
  CHECK(has(now.sent_client(), "Set-Cookie: sid=" + kP4 + "; HttpOnly\r\n"));
  CHECK(has(now.sent_client(), "Location: /x?s=" + kP4 + "\r\n"));
  CHECK_FALSE(has(now.sent_client(), session));
  CHECK(has(now.sent_upstream(), "sid=old-session-0001"));
  CHECK(now.vault["SESSION"] == session);
  Script later = world.script();
  later.client("GET /other HTTP/1.1\r\nHost: api.example.test\r\n\r\n")
      .upstream(with_length("it is " + session));
  CHECK(has(later.sent_client(), "it is " + kP4));
}

TEST_CASE("answers of other paths are not captured, and not held") {
  World world;
  Script now = world.script();
  const std::string answer = with_length(tokens(kAccess, kRefresh));
  now.client("GET /else HTTP/1.1\r\nHost: api.example.test\r\n\r\n").upstream(answer);
  CHECK(now.sent_client() == answer);
}

}  // namespace keyswap::flow
