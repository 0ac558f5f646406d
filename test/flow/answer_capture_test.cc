// SPDX-License-Identifier: Apache-2.0
//
// What is picked of an answer that is captured, and what is not passed on because it cannot be
// read.
#include "proxy/flow/answer_capture.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/http/decoder.h"
#include "test/flow/coded.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

// A and B; what else each test says.
std::string rule(const std::string& name, const std::string& number, const std::string& captures) {
  return "  " + name + ":\n    placeholder: kswp_PLACEHOLDER_000000000" + number +
         "\n    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
         "    bindings: [ { host: api.example.test } ]\n    capture: [" +
         captures + "]\n";
}

std::string entry(const std::string& from) {
  return "{ host: login.example.test, paths: [/t], " + from + " }";
}

const std::string kJson = entry("json_pointer: /access_token");
const std::string kForm = entry("form_field: access_token");
const std::string kHeader = entry("header: X-Subject-Token");
const std::string kCookie = entry("cookie: sid");
const std::string kToken = "captured-0001/a+b";

struct Picked {
  bool is_captured = false;
  base::Status status;
  std::vector<std::string> values;  // "rule=value"
  std::vector<std::optional<std::int64_t>> lives;

  bool operator==(const std::string& text) const {
    return status && values == std::vector<std::string>{"0=" + text};
  }

  [[nodiscard]] bool is_nothing() const { return status && values.empty(); }
};

// Of an answer to a request that all of A's captures mean, and of B's, if it has any.
Picked pick(const std::string& captures,
            const std::string& answer,
            std::size_t piece = 0,
            const std::string& of_b = "",
            const std::string& target = "/t") {
  REQUIRE(vault::lock_memory());
  const auto bindings = test::bindings_of("version: 1\nsecrets:\n" + rule("A", "01", captures) +
                                          (of_b.empty() ? "" : rule("B", "02", of_b)));
  const auto uses = bindings->captures_of(
      {"login.example.test", 443, http::HostKind::name}, {"POST", target}, "");
  http::Decoder decoder(http::Decoder::Role::response);
  std::string_view rest = answer;
  http::Step step = decoder.next(rest);
  REQUIRE(step.kind == http::Step::Kind::head);
  rest.remove_prefix(step.consumed);
  auto head = decoder.take_response();
  Picked picked;
  auto used = AnswerCapture::uses_for(*bindings, uses, head);
  picked.is_captured = !used.empty();
  if (used.empty()) {
    return picked;
  }
  AnswerCapture capture(*bindings, std::move(used), std::move(head), {});
  while (picked.status && !rest.empty()) {
    const auto size = piece == 0 ? rest.size() : std::min(piece, rest.size());
    picked.status = capture.hold(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  if (picked.status) {
    picked.status = capture.pick();
  }
  for (const CapturedValue& one : capture.values()) {
    picked.values.push_back(std::to_string(one.rule) + "=" + std::string(one.value.reveal()));
    picked.lives.push_back(one.life_s);
  }
  return picked;
}

std::string with_length(const std::string& fields,
                        const std::string& body,
                        const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

const std::string kIsForm = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";

std::string json_of(const std::string& value) {
  return R"({"scope":"a","access_token":)" + value + R"(,"token_type":"bearer"})";
}

}  // namespace

TEST_CASE("a token in JSON is picked as it is read, however the answer is cut", "[I15]") {
  const std::string body = json_of(R"("captured-0001\/a\u002bb")");
  for (std::size_t piece = 0; piece < body.size(); ++piece) {
    CHECK(pick(kJson, with_length("", body), piece) == kToken);
  }
  CHECK(pick(entry("json_pointer: /a/1/b"),
             with_length("", R"({"a":[0,{"b":"captured-0001/a+b"}]})")) == kToken);
}

TEST_CASE("a token in a form is picked, where the answer says that it is a form", "[I15]") {
  const std::string body = "scope=a&access%5ftoken=captured-0001%2Fa%2bb&token_type=bearer";
  for (std::size_t piece = 0; piece < body.size(); ++piece) {
    CHECK(pick(kForm, with_length(kIsForm, body), piece) == kToken);
  }
  CHECK(pick(kForm + ", " + kJson, with_length(kIsForm, body)) == kToken);
  CHECK(pick(kForm + ", " + kJson, with_length("", json_of("\"" + kToken + "\""))) == kToken);
}

TEST_CASE(
    "how long a token is good is read where its entry says, and one that does not say is so") {
  constexpr std::int64_t kLifeMax = std::int64_t{100} * 366 * 24 * 3600;
  const std::string of_json = entry("json_pointer: /access_token, expires: /expires_in");
  const auto life = [&](const std::string& written) {
    const auto picked =
        pick(of_json, with_length("", R"({"access_token":")" + kToken + "\"" + written + "}"));
    REQUIRE(picked == kToken);
    return picked.lives[0];
  };
  CHECK(life(R"(,"expires_in":3600)") == 3600);
  CHECK(life(R"(,"expires_in":"3600")") == 3600);
  CHECK(life(R"(,"expires_in":0)") == 0);
  CHECK(life(R"(,"expires_in":-5)") == 0);
  CHECK(life(R"(,"expires_in":9223372036854775807)") == kLifeMax);
  CHECK_FALSE(life(R"(,"expires_in":null)"));
  CHECK_FALSE(life(""));
  for (const char* unclear : {"true", "\"soon\"", "\"\"", "1.5", "[3600]", "1e3"}) {
    CAPTURE(unclear);
    CHECK(pick(of_json,
               with_length("",
                           R"({"access_token":")" + kToken + R"(","expires_in":)" + unclear + "}"))
              .status.error()
              .code == base::Errc::invalid_input);
  }
  const std::string of_form = entry("form_field: access_token, expires: expires_in");
  CHECK(
      pick(of_form, with_length(kIsForm, "expires%5fin=899&access_token=captured-0001")).lives[0] ==
      899);
  CHECK_FALSE(pick(of_form, with_length(kIsForm, "access_token=captured-0001")).lives[0]);
  CHECK_FALSE(
      pick(of_form, with_length(kIsForm, "access_token=captured-0001&expires_in=soon")).status);
  // A login that is pending has no token yet, and what it says of time is of something else.
  CHECK(pick(of_json, with_length("", R"({"expires_in":"soon"})")).is_nothing());
}

TEST_CASE("where two entries say how long one token is good, the shorter time counts") {
  const auto picked = pick(entry("json_pointer: /access_token, expires: /a") + ", " +
                               entry("json_pointer: /token, expires: /b"),
                           with_length("",
                                       R"({"access_token":"captured-0001","a":90,)"
                                       R"("token":"captured-0001","b":60})"));
  REQUIRE(picked == "captured-0001");
  CHECK(picked.lives[0] == 60);
}

TEST_CASE("a token in a header or a cookie is picked, also of an answer that leads elsewhere") {
  CHECK(pick(kHeader, with_length("x-subject-token:  " + kToken + " \r\n", "")) == kToken);
  const std::string cookies =
      "Set-Cookie: other=x\r\nSet-Cookie: sid=; Max-Age=0\r\n"
      "Set-Cookie: sid=\"" +
      kToken + "\"; HttpOnly\r\n";
  CHECK(pick(kCookie, with_length(cookies, "", "302 Found")) == kToken);
  CHECK(pick(kCookie, with_length(cookies, "<html>")) == kToken);
}

TEST_CASE("a cookie that is cleared has no value") {
  for (const auto* const clears : {"Max-Age=0", "path=/; max-age = 00", "Max-Age=-1; Secure"}) {
    INFO(clears);
    const std::string cleared = std::string("Set-Cookie: sid=deleted; ") + clears + "\r\n";
    CHECK_FALSE(pick(kCookie, with_length(cleared, "")).is_captured);
    CHECK(pick(kCookie, with_length(cleared + "Set-Cookie: sid=" + kToken + "\r\n", "")) == kToken);
  }
  CHECK(pick(kCookie, with_length("Set-Cookie: sid=" + kToken + "; Max-Age=06; X\r\n", "")) ==
        kToken);
}

TEST_CASE("a cookie is kept for as long as it says that it is good") {
  const auto life = [](const std::string& fields) {
    const auto picked = pick(kCookie, with_length(fields, ""));
    REQUIRE(picked == kToken);
    return picked.lives[0];
  };
  const std::string cookie = "Set-Cookie: sid=" + kToken;
  const std::string dated = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  CHECK(life(cookie + "\r\n") == std::nullopt);
  CHECK(life(cookie + "; Max-Age=600\r\n") == 600);
  CHECK(life(dated + cookie + "; Expires=Sun, 06 Nov 1994 09:49:37 GMT\r\n") == 3600);
  CHECK(life(cookie + "; Max-Age=600\r\n" + cookie + "; Path=/a; Max-Age=60\r\n") == 60);
  const std::string over = cookie + "; Expires=Sun, 06 Nov 1994 07:49:37 GMT\r\n";
  CHECK_FALSE(pick(kCookie, with_length(dated + over, "")).is_captured);
}

TEST_CASE("what says nothing of a login is not captured, and not held") {
  CHECK_FALSE(pick(kHeader, "HTTP/1.1 204 No Content\r\n\r\n").is_captured);
  CHECK_FALSE(pick(kCookie, "HTTP/1.1 302 Found\r\nSet-Cookie: other=x\r\n\r\n").is_captured);
  CHECK_FALSE(pick(kJson, with_length("", "{}", "302 Found")).is_captured);
  CHECK_FALSE(pick(kJson, with_length("", json_of("\"" + kToken + "\""), "400 No")).is_captured);
  CHECK_FALSE(
      pick(kHeader, with_length("X-Subject-Token: " + kToken + "\r\n", "", "401 No")).is_captured);
}

TEST_CASE("a login that is pending has no token yet, and its answer goes on") {
  CHECK(pick(kJson, with_length("", R"({"error":"authorization_pending"})")).is_nothing());
  CHECK(pick(kJson, with_length("", json_of("null"))).is_nothing());
  CHECK(pick(kJson, with_length("", json_of("\"\""))).is_nothing());
  CHECK(pick(kForm, with_length(kIsForm, "error=authorization_pending")).is_nothing());
  CHECK(pick(entry("json_pointer: /a/9/b"), with_length("", R"({"a":[1]})")).is_nothing());
}

TEST_CASE("what could be read in two ways, or not at all, is not passed on", "[I13]") {
  const auto is_refused = [](const std::string& captures, const std::string& answer) {
    const auto picked = pick(captures, answer);
    return picked.is_captured && !picked.status &&
           picked.status.error().code == base::Errc::invalid_input;
  };
  const std::string token = "\"" + kToken + "\"";
  CHECK(is_refused(kJson, with_length("", json_of(token) + "x")));
  CHECK(is_refused(kJson, with_length("", "<html>" + kToken)));
  CHECK(is_refused(
      kJson, with_length("", R"({"access_token":"captured-1","access_token":)" + token + "}")));
  CHECK(is_refused(kJson, with_length("", json_of("12345678901"))));
  CHECK(is_refused(kJson, with_length("", json_of("[" + token + "]"))));
  CHECK(is_refused(kJson, with_length("", json_of("\"short\""))));  // it could not be found again
  CHECK(is_refused(kJson, with_length("", json_of("\"\xff\""))));
  CHECK(is_refused(kForm, with_length("", json_of(token))));
  CHECK(is_refused(kForm,
                   with_length(kIsForm, "access_token=captured-0001&access_token=captured-0002")));
  CHECK(is_refused(kJson + ", " + entry("json_pointer: /token"),
                   with_length("", R"({"access_token":"captured-0001","token":"captured-0002"})")));
  CHECK(is_refused(kHeader,
                   with_length("X-Subject-Token: captured-0001\r\n"
                               "X-Subject-Token: captured-0002\r\n",
                               "")));
  CHECK(is_refused(kJson, with_length("Content-Encoding: unknown\r\n", json_of(token))));
  CHECK(is_refused(kJson, with_length("Content-Encoding: gzip\r\n", json_of(token))));
}

TEST_CASE("a part of an answer is not passed on: it may be one of the value", "[I13]") {
  const auto refused = pick(kJson, with_length("", "\"" + kToken + "\"", "206 Partial Content"));
  CHECK(refused.is_captured);
  CHECK(refused.status.error().code == base::Errc::invalid_input);
}

TEST_CASE("a request that can be read in two ways brings no value, neither on nor into the vault",
          "[I5][I13]") {
  const auto picked_of = [](const std::string& body) {
    return pick(kJson, with_length("", body), 0, "", "/echo/../t");
  };
  const auto refused = picked_of(json_of("\"" + kToken + "\""));
  CHECK(refused.status.error().code == base::Errc::invalid_input);
  CHECK(refused.values.empty());
  CHECK(picked_of(R"({"error":"not_found"})").is_nothing());
}

TEST_CASE("each rule has its own value of one answer") {
  const auto picked =
      pick(kJson,
           with_length("", R"({"access_token":"captured-0001","refresh_token":"captured-0002"})"),
           0,
           entry("json_pointer: /refresh_token"));
  CHECK(picked.values == std::vector<std::string>{"0=captured-0001", "1=captured-0002"});
}

TEST_CASE("an answer that one rule reads and another one does not is not passed on", "[I13]") {
  const std::string body = json_of("\"" + kToken + "\"");
  CHECK(pick(kForm, with_length("", body), 0, kJson).status.error().code ==
        base::Errc::invalid_input);
}

TEST_CASE("an answer that is coded all the same is decoded, and no further than the bound",
          "[I10]") {
  const std::string coded = "Content-Encoding: gzip\r\n";
  CHECK(pick(kJson, with_length(coded, test::gzipped(json_of("\"" + kToken + "\"")))) == kToken);
  const std::string large(base::bounds::kCapturedAnswerBytesMax, ' ');
  const auto picked = pick(kJson, with_length(coded, test::gzipped(large + json_of("1"))));
  CHECK_FALSE(picked.status.has_value());
}

TEST_CASE("an answer that is longer than the bound, or dripped, is not held on", "[I10]") {
  const std::string large(base::bounds::kCapturedAnswerBytesMax + 1, ' ');
  CHECK(pick(kJson, with_length("", large), 32 * 1024).status.error().code ==
        base::Errc::limit_exceeded);
  const std::string dripped(base::bounds::kCapturedAnswerPiecesMax + 1, ' ');
  CHECK(pick(kJson, with_length("", dripped), 1).status.error().code == base::Errc::limit_exceeded);
}

TEST_CASE("of a JWT whose claims are read the signature alone is kept") {
  const std::string claims = entry("json_pointer: /access_token, claims_readable: true");
  const auto picked_of = [&](const std::string& token) {
    return pick(claims, with_length("", json_of("\"" + token + "\"")));
  };
  CHECK(picked_of("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl_-") == "c2lnbmF0dXJl_-");
  CHECK(picked_of("opaque-token-0001") == "opaque-token-0001");
  CHECK(picked_of("a.b.c.signature-0001") == "a.b.c.signature-0001");
  CHECK_FALSE(picked_of("eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.short").status.has_value());
  CHECK(picked_of("eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.") ==
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.");
}

}  // namespace keyswap::flow
