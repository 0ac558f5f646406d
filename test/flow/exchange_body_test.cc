// SPDX-License-Identifier: Apache-2.0
//
// Requests with placeholders in their bodies (proxy/flow/exchange_body.cc).
#include <catch2/catch.hpp>

#include "bindings/bounds.h"
#include "proxy/base/bytes.h"
#include "test/flow/chunks.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const std::string kQ = "kswp_PLACEHOLDER_000000000002";
const std::string kFar = "kswp_PLACEHOLDER_000000000003";
const std::string kHeader = "kswp_PLACEHOLDER_000000000004";
const char* const kRules = R"(
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text, max_occurrences: 3 }
    bindings: [ { host: api.example.test, methods: [POST, GET], paths: ["/v1/**"] } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { body: text, format: "pre-{secret}-post", content_type: application/json }
    bindings: [ { host: api.example.test } ]
  FAR:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: far.example.test } ]
  HEADER:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
)";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

Script script(const std::string& more = "", flow::Protocol protocol = Protocol::https) {
  Script made(test::bindings_of("version: 1\n" + more + kRules),
              {protocol,
               {"api.example.test",
                static_cast<std::uint16_t>(protocol == Protocol::http ? 80 : 443),
                http::HostKind::name}});
  made.vault["HEADER"] = "header-key-04";
  return made;
}

std::string head(const std::string& fields = "",
                 const std::string& method = "POST",
                 const std::string& path = "/v1/x") {
  return method + " " + path + " HTTP/1.1\r\nHost: api.example.test\r\n" + fields;
}

std::string request(const std::string& body,
                    const std::string& fields = "",
                    const std::string& method = "POST",
                    const std::string& path = "/v1/x") {
  return head(fields, method, path) + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string chunked(const std::string& body, const std::string& fields = "") {
  std::string all = head(fields) + "Transfer-Encoding: chunked\r\n\r\n";
  for (const char c : body) {
    all += std::string("1\r\n") + c + "\r\n";
  }
  return all + "0\r\n\r\n";
}

const std::string kJson = "Content-Type: application/json\r\n";
const std::string kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

// Longer than what is held.
std::string long_text() {
  return std::string(base::bounds::kSwapHoldBytes, 'x');
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

// The body that left, out of its chunks.
std::string body_of(const std::string& sent) {
  http::Decoder decoder(http::Decoder::Role::request);
  std::string body;
  std::string_view rest = sent;
  for (;;) {
    const auto step = decoder.next(rest);
    rest.remove_prefix(step.consumed);
    if (step.kind == http::Step::Kind::body) {
      body += step.body;
    } else if (step.kind == http::Step::Kind::head) {
      static_cast<void>(decoder.take_request());
    } else {
      CHECK(step.kind == http::Step::Kind::end);
      return body;
    }
  }
}

bool is_complete(const std::string& sent) {
  http::Decoder decoder(http::Decoder::Role::request);
  std::string_view rest = sent;
  for (;;) {
    const auto step = decoder.next(rest);
    rest.remove_prefix(step.consumed);
    if (step.kind == http::Step::Kind::head) {
      static_cast<void>(decoder.take_request());
    } else if (step.kind != http::Step::Kind::body) {
      return step.kind == http::Step::Kind::end;
    }
  }
}

}  // namespace

TEST_CASE("E01 E09 a short body is decided, opened, recorded, and sent with its length",
          "[I6][I5]") {
  CHECK(script().client(request("a=" + kP + "!")).upstream(kOk).transcript() ==
        "fetch K\n"
        "dial\n"
        "record allowed binding_matched K POST /v1/x\n"
        "to upstream: POST /v1/x HTTP/1.1\\r\\nHost: api.example.test\\r\\n"
        "Content-Length: 16\\r\\n\\r\\na=\n"
        "to upstream (secret): real-key-0001\n"
        "to upstream: !\n"
        "to client: HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
        "2\\r\\nhi\\r\\n0\\r\\n\\r\\n\n"
        "response 200 complete 2\n"
        "upstream reused\n"
        "client kept\n");
}

TEST_CASE("E03 E05 the outcome does not depend on how a body is cut", "[I15]") {
  for (const std::string& text : {request("a=" + kP + "!"), chunked("a=" + kP + "!")}) {
    const auto whole = script().client(text).upstream(kOk);
    CHECK(body_of(whole.sent_upstream()) == "a=real-key-0001!");
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      const auto cut = script().client(text, piece).upstream(kOk);
      REQUIRE(cut.transcript() == whole.transcript());
    }
  }
}

TEST_CASE("E02 all occurrences are swapped, under one record, and one too many is refused") {
  const auto three = script().client(request(kP + kP + " " + kP)).upstream(kOk);
  CHECK(body_of(three.sent_upstream()) == "real-key-0001real-key-0001 real-key-0001");
  CHECK(count(three.transcript(), "record") == 1);
  CHECK(count(three.transcript(), "fetch") == 1);
  const auto four = script().client(request(kP + kP + kP + kP));
  CHECK(four.sent_upstream().empty());
  CHECK(four.transcript().starts_with("record refused ambiguous_placeholder_match K POST"));
  CHECK(has(four.sent_client(), "HTTP/1.1 400 "));
}

TEST_CASE("E06 E13 E28 a body without a placeholder goes on as it came", "[I2]") {
  for (const std::string& text : {request("a=b&c=kswp_PLACEHOLDER_00000000000"), request("")}) {
    const auto done = script().client(text).upstream(kOk);
    CHECK(done.sent_upstream() == text);
    CHECK(has(done.transcript(), "dial\nrecord pass no_placeholder POST /v1/x\n"));
    CHECK(!has(done.transcript(), "fetch"));
  }
  const auto chunks = script().client(chunked("abc")).upstream(kOk);
  CHECK(has(chunks.sent_upstream(), "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
}

TEST_CASE("E08 E24 a body of another kind, or one that is encoded, is not touched", "[I2]") {
  for (const std::string& text : {request(kQ, "Content-Type: text/plain\r\n"),
                                  request(kP, "Content-Encoding: gzip\r\n"),
                                  request(kP, kJson + kForm)}) {
    const auto done = script().client(text).upstream(kOk);
    CHECK(done.sent_upstream() == text);
    CHECK(!has(done.transcript(), "allowed"));
    CHECK(has(done.transcript(), "denied untargeted_location K"));
  }
}

TEST_CASE("E11 E22 the format is written as JSON has it, its kind's parameters aside", "[I9]") {
  Script quoted = script();
  quoted.vault["K2"] = "a\"b\\c";
  quoted.client(
      request(R"({"k":")" + kQ + R"("})", "Content-Type: Application/JSON;charset=x\r\n"));
  CHECK(body_of(quoted.sent_upstream()) == R"({"k":"pre-a\"b\\c-post"})");
}

TEST_CASE("E12 a body out of scope stays, and the record says why", "[I2]") {
  const auto put = script().client(request(kP, "", "PUT")).upstream(kOk);
  CHECK(body_of(put.sent_upstream()) == kP);
  CHECK(has(put.transcript(), "denied binding_scope_violation K PUT /v1/x"));
  const auto elsewhere = script().client(request(kP, "", "POST", "/v2/x")).upstream(kOk);
  CHECK(body_of(elsewhere.sent_upstream()) == kP);
  CHECK(has(elsewhere.transcript(), "denied binding_scope_violation K POST /v2/x"));
}

TEST_CASE("E14 a secret that is missing is a 503, and nothing is sent", "[I13]") {
  Script missing = script();
  missing.vault.clear();
  missing.client(request(kP));
  CHECK(missing.sent_upstream().empty());
  CHECK(has(missing.transcript(), "record refused secret_unavailable K POST"));
  CHECK(has(missing.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(missing.sent_client(), R"("secret":"K")"));
}

TEST_CASE(
    "E15 of two body secrets one is missing: neither is sent, and none is recorded as allowed",
    "[I13]") {
  Script missing = script();
  missing.vault.erase("K2");
  missing.client(request(kP + kQ, kJson));
  CHECK(missing.sent_upstream().empty());
  CHECK(has(missing.transcript(), "record refused secret_unavailable K2 POST"));
  CHECK(!has(missing.transcript(), "allowed"));
}

TEST_CASE("F01 E21 secrets in the head and in the body are fetched and recorded together", "[I6]") {
  const auto both =
      script()
          .client(request(kP + kQ, kJson + "Authorization: Bearer " + kHeader + "\r\n"))
          .upstream(kOk);
  CHECK(has(both.transcript(), "fetch HEADER\nfetch K\nfetch K2\ndial\n"));
  CHECK(
      has(both.transcript(), "record allowed binding_matched HEADER +allowed K +allowed K2 POST"));
  CHECK(has(both.sent_upstream(), "Authorization: Bearer header-key-04\r\n"));
  CHECK(body_of(both.sent_upstream()) == "real-key-0001pre-real-key-0002-post");
}

TEST_CASE(
    "F02 a secret with a place in the head and one in the body is recorded where it was used") {
  const auto bindings = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: Authorization, format: "Bearer {secret}", max_occurrences: 2 }
      - { body: text, max_occurrences: 2 }
    bindings: [ { host: api.example.test } ]
)");
  const std::string field = "Authorization: Bearer " + kP + "\r\n";
  const auto in_body = Script(bindings).client(request(kP)).upstream(kOk);
  CHECK(body_of(in_body.sent_upstream()) == "real-key-0001");
  CHECK(has(in_body.transcript(), "record allowed binding_matched K POST"));
  const auto in_head = Script(bindings).client(request("x", field)).upstream(kOk);
  CHECK(has(in_head.sent_upstream(), "Bearer real-key-0001"));
  CHECK(has(in_head.transcript(), "record allowed binding_matched K POST"));
  const auto in_both = Script(bindings).client(request(kP, field)).upstream(kOk);
  CHECK(has(in_both.sent_upstream(), "Bearer real-key-0001"));
  CHECK(body_of(in_both.sent_upstream()) == "real-key-0001");
  CHECK(has(in_both.transcript(), "record allowed binding_matched K +allowed K POST"));
}

TEST_CASE("E29 the body of a GET is swapped as any other") {
  const auto done = script().client(request(kP, "", "GET")).upstream(kOk);
  CHECK(body_of(done.sent_upstream()) == "real-key-0001");
}

TEST_CASE("a body is never swapped over plain http", "[I5]") {
  const auto done = script("", Protocol::http).client(request(kP)).upstream(kOk);
  CHECK(body_of(done.sent_upstream()) == kP);
  CHECK(has(done.transcript(), "noted denied insecure_scheme K POST"));
}

TEST_CASE("HP-03 a client that waits for 100 Continue is told to go on, once") {
  const std::string head = "Expect: 100-continue\r\n";
  const auto done = script().client(request(kP, head)).upstream(kOk);
  CHECK(done.sent_client().starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
  CHECK(!has(done.sent_upstream(), "Expect"));
  CHECK(body_of(done.sent_upstream()) == "real-key-0001");
  const auto none = script().client(request("x", head)).upstream(kOk);
  CHECK(!has(none.sent_upstream(), "Expect"));
  auto longer = script().client(request(long_text() + kP, head));
  CHECK(has(longer.sent_upstream(), "Expect: 100-continue"));
  CHECK(longer.sent_client().empty());
}

// --- long bodies ---

TEST_CASE("E14 a long body follows its head, and each secret its record", "[I6]") {
  const std::string text = long_text();
  const auto done = script().client(request(text + kP + "!" + kQ + kP, kJson)).upstream(kOk);
  const std::string lines = done.transcript();
  CHECK(lines.starts_with("dial\nrecord pass no_placeholder POST /v1/x\nto upstream: POST "));
  const auto fetched = lines.find(
      "fetch K\nrecord allowed binding_matched K POST /v1/x\n"
      "to upstream (secret): d\\r\\nreal-key-0001\\r\\n\n");
  CHECK(fetched != std::string::npos);
  CHECK(has(lines, "fetch K2\nrecord allowed binding_matched K2 POST"));
  CHECK(count(lines, "fetch") == 2);
  CHECK(has(done.sent_upstream(), "Transfer-Encoding: chunked"));
  CHECK(!has(done.sent_upstream(), "Content-Length"));
  CHECK(body_of(done.sent_upstream()) ==
        text + "real-key-0001!pre-real-key-0002-postreal-key-0001");
}

TEST_CASE("a long body whose length is not known is held as far as may be, and then sent on",
          "[I15]") {
  const std::string body = kP + long_text() + kP;
  const std::string text = head() + "Transfer-Encoding: chunked\r\n\r\n1001d\r\n" +
                           body.substr(0, 0x1001d) + "\r\n" + "1d\r\n" + body.substr(0x1001d) +
                           "\r\n0\r\n\r\n";
  REQUIRE(body.size() == 0x1001d + 0x1d);
  for (const std::size_t piece : {std::size_t{0}, std::size_t{1000}, std::size_t{65535}}) {
    const auto done = script().client(text, piece).upstream(kOk);
    CHECK(body_of(done.sent_upstream()) == "real-key-0001" + long_text() + "real-key-0001");
    CHECK(count(done.transcript(), "record allowed") == 1);
  }
}

TEST_CASE("E14 H05 where the secret or its record fails, the upload is cut and never completed",
          "[I6][I13]") {
  const std::string text = request(long_text() + kP + "!");
  Script missing = script();
  missing.vault.clear();
  missing.client(text);
  CHECK(has(missing.transcript(), "noted refused secret_unavailable K POST /v1/x\n"));
  CHECK(has(missing.transcript(), "response 0 unknown 0\nupstream discarded\n"));
  CHECK(has(missing.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(missing.sent_client(), R"("secret":"K")"));
  CHECK(!is_complete(missing.sent_upstream()));

  Script unrecorded = script();
  unrecorded.answers_records = false;
  unrecorded.client(text).record_done(true).client("");
  CHECK(has(unrecorded.transcript(), "fetch K\nrecord allowed binding_matched K"));
  CHECK(!has(unrecorded.sent_upstream(), "real-key"));
  unrecorded.record_done(false);
  CHECK(!has(unrecorded.sent_upstream(), "real-key"));
  CHECK(!is_complete(unrecorded.sent_upstream()));
  CHECK(has(unrecorded.sent_client(), R"("reason":"audit_unavailable")"));
}

TEST_CASE("while a secret in a body is waited for the client is not read, and the wait ends",
          "[I10]") {
  Script waiting = script();
  waiting.answers_fetches = false;
  waiting.client(request(long_text() + kP + "!"));
  CHECK(waiting.wait().wait == Wait::secrets);
  CHECK(!is_complete(waiting.sent_upstream()));
  waiting.times_out();
  CHECK(has(waiting.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(waiting.transcript(), "noted refused secret_unavailable K"));
  CHECK(waiting.is_finished());
}

TEST_CASE("an answer before the body's end passes, also while a secret is waited for") {
  Script waiting = script();
  waiting.answers_fetches = false;
  waiting.client(request(long_text() + kP + "!")).upstream(kOk);
  CHECK(waiting.sent_client().starts_with("HTTP/1.1 200 OK"));
  CHECK(has(waiting.transcript(), "upstream discarded\nclient closed\n"));
}

TEST_CASE("an upstream that answers meanwhile does not prolong the wait for a secret", "[I10]") {
  Script waiting = script();
  waiting.answers_fetches = false;
  waiting.client(request(long_text() + kP + "!"))
      .upstream("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
      .upstream("d");
  CHECK(waiting.wait().wait == Wait::secrets);
  waiting.times_out();
  CHECK(has(waiting.transcript(), "noted refused secret_unavailable K"));
  CHECK(waiting.is_finished());
}

TEST_CASE("an upstream that breaks while a secret is waited for is told of as such") {
  Script waiting = script();
  waiting.answers_fetches = false;
  waiting.client(request(long_text() + kP + "!"))
      .event(UpstreamBroken{false, {base::Cause::takes_nothing, {}}});
  CHECK(has(waiting.sent_client(), "HTTP/1.1 504 "));
  CHECK(has(waiting.sent_client(), R"("cause":"takes_nothing")"));
}

TEST_CASE("what waits of bodies that are sent on is counted, and does not stay", "[I10]") {
  Script waiting = script();
  waiting.answers_fetches = false;
  const auto& counted = *waiting.collected_bytes;
  const std::string text = request(long_text() + kP + std::string(5000, 'y'));
  waiting.client(text.substr(0, text.size() - 5000 - kP.size()));
  CHECK(counted == 0);
  waiting.client(text.substr(text.size() - 5000 - kP.size()));
  CHECK(counted == 5000);
  waiting.client_leaves();
  CHECK(waiting.is_finished());
}

TEST_CASE("E27 a client that leaves in the middle of a body ends the upload") {
  for (const bool is_waiting : {false, true}) {
    Script leaving = script();
    leaving.answers_fetches = !is_waiting;
    const std::string text = request(long_text() + kP + "!" + long_text());
    leaving.client(text.substr(0, text.size() - 100)).client_leaves();
    CHECK(has(leaving.transcript(), "response 0 client_gone 0\nupstream discarded\nclient cut\n"));
    CHECK(!is_complete(leaving.sent_upstream()));
  }
  Script held = script();
  held.client(head() + "Content-Length: 1000\r\n\r\nabc").client_leaves();
  CHECK(held.sent_upstream().empty());
}

TEST_CASE("max_body holds for bodies that are held and for those that are not", "[I10]") {
  const auto limited = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text }
    bindings: [ { host: api.example.test, max_body: 70000 } ]
)");
  const std::string text = head() + "Transfer-Encoding: chunked\r\n\r\n";
  Script longer = Script(limited);
  longer.client(text + "11171\r\n" + kP + std::string(0x11171 - kP.size(), 'x') + "\r\n");
  CHECK(has(longer.sent_client(), R"("reason":"body_too_large")"));
  CHECK(!is_complete(longer.sent_upstream()));
  Script said = Script(limited);
  said.client(request(kP + std::string(100'000, 'x')));
  CHECK(has(said.sent_client(), "HTTP/1.1 413 "));
  CHECK(!has(said.sent_upstream(), "real-key"));
}

TEST_CASE("a method that a body names counts whatever its length", "[I5]") {
  for (const std::string& more : {std::string(), "&pad=" + long_text()}) {
    for (const std::string& body :
         {"_method=PUT&k=" + kP + more, "k=" + kP + more + "&_method=PUT"}) {
      const auto done = script().client(request(body, kForm));
      CHECK(has(done.transcript(), "refused binding_scope_violation K POST /v1/x"));
      CHECK_FALSE(is_complete(done.sent_upstream()));
      CHECK(has(done.sent_client(), "HTTP/1.1 403 "));
    }
    // One that is in scope, and one without a secret.
    const auto same = script().client(request("_method=GET&k=" + kP + more, kForm)).upstream(kOk);
    CHECK(has(same.sent_client(), "HTTP/1.1 200 "));
    const auto none = script().client(request("_method=PUT&k=1" + more, kForm)).upstream(kOk);
    CHECK(has(none.sent_client(), "HTTP/1.1 200 "));
  }
}

// --- what comes back ---

TEST_CASE("a secret that was put into a long body is looked for in the answer", "[I8]") {
  const std::string echo =
      "HTTP/1.1 200 OK\r\nX-Echo: real-key-0001\r\nContent-Length: 15\r\n\r\n" +
      std::string("[real-key-0001]");
  for (const std::string& text : {request(long_text() + kP), chunked(long_text() + kP + "!")}) {
    const auto done = script().client(text).upstream(echo);
    CHECK(has(done.sent_upstream(), "real-key-0001"));
    CHECK_FALSE(has(done.sent_client(), "real-key-0001"));
    CHECK(has(done.sent_client(), "X-Echo: " + kP + "\r\n"));
    CHECK(has(test::without_chunks(done.sent_client()), "[" + kP + "]"));
  }
}

TEST_CASE("a secret that follows an answer's head is looked for in what comes then", "[I8]") {
  const std::string text = request(long_text() + kP + "!");
  Script early = script();
  early.client(text.substr(0, text.size() - kP.size() - 1))
      .upstream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
      .client(text.substr(text.size() - kP.size() - 1))
      .upstream("f\r\n[real-key-0001]\r\n0\r\n\r\n");
  CHECK(has(early.sent_upstream(), "real-key-0001"));
  CHECK(has(early.sent_client(), "abc"));
  CHECK_FALSE(has(early.sent_client(), "real-key-0001"));
  CHECK(has(early.sent_client(), kP));
}

TEST_CASE("a long body that may get a secret asks for an answer that can be read", "[I8]") {
  const std::string fields = "Range: bytes=1-2\r\nAccept-Encoding: br\r\nA-IM: diffe\r\n";
  const auto bound = script().client(request(long_text() + "!", fields));
  CHECK_FALSE(has(bound.sent_upstream(), "Range"));
  CHECK_FALSE(has(bound.sent_upstream(), "A-IM"));
  CHECK(has(bound.sent_upstream(), "Accept-Encoding: identity\r\n"));
  const auto unbound = script().client(request(long_text() + "!", fields, "PUT", "/v2/x"));
  CHECK(has(unbound.sent_upstream(), "Range: bytes=1-2\r\n"));
}

TEST_CASE("what a scope says of answers holds for a secret in a long body, too", "[I8][I10]") {
  const auto one = [](const std::string& binding) {
    return Script(test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text }
    bindings: [ { host: api.example.test, )" +
                                    binding + " } ]\n"));
  };
  const std::string text = request(long_text() + kP);
  const std::string coded =
      "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\nhi";
  Script blocking = one("uninspectable: block");
  blocking.client(text).upstream(coded);
  CHECK(has(blocking.sent_client(), "HTTP/1.1 502 "));
  Script forwarding = one("uninspectable: forward");
  forwarding.client(text).upstream(coded);
  CHECK(has(forwarding.sent_client(), "hi"));
  Script unscrubbed = one("scrub: off");
  const std::string echo = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nreal-key-0001";
  unscrubbed.client(text).upstream(echo);
  CHECK(unscrubbed.sent_client() == echo);
  Script timed = one("response_timeout: 7s");
  timed.client(text);
  CHECK(timed.wait().wait == Wait::response_head);
  CHECK(timed.wait().ms == 7000);
}

// --- what is seen ---

TEST_CASE("P04 a placeholder in a body is seen and recorded, once, and stays", "[I2]") {
  const std::string inert = kFar + " " + kFar + " " + base::to_base64(kHeader);
  const auto done = script().client(request(inert, "", "POST", "/v2/x")).upstream(kOk);
  CHECK(body_of(done.sent_upstream()) == inert);
  CHECK(count(done.transcript(), "destination_not_in_binding FAR") == 1);
  CHECK(count(done.transcript(), "untargeted_location HEADER") == 1);
}

TEST_CASE("what a body has beside a swapped placeholder is recorded as it stays", "[I2]") {
  const auto done = script().client(request(kP + " " + kFar)).upstream(kOk);
  CHECK(has(done.transcript(),
            "record allowed binding_matched K +denied destination_not_in_binding FAR POST"));
  CHECK(body_of(done.sent_upstream()) == "real-key-0001 " + kFar);
}

TEST_CASE("a body that a scheme signs is looked at, too, and stays as it came", "[I2]") {
  const std::string rules = R"(
secrets:
  S:
    placeholder: kswp_PLACEHOLDER_000000000005
    inject: { type: hmac, header: X-Signature, template: "{body}" }
    bindings: [ { host: api.example.test } ]
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text }
    bindings: [ { host: api.example.test } ]
)";
  const std::string field = "X-Signature: kswp_PLACEHOLDER_000000000005\r\n";
  Script made = Script(test::bindings_of("version: 1" + rules));
  made.vault["S"] = "signing-key-5";
  made.client(request("a=" + kP, field)).upstream(kOk);
  CHECK(has(made.transcript(),
            "record allowed binding_matched S +denied untargeted_location K POST /v1/x"));
  CHECK(body_of(made.sent_upstream()) == "a=" + kP);
  Script refused = Script(test::bindings_of("version: 1\nmisplaced_placeholder: refuse" + rules));
  refused.client(request("a=" + kP, field));
  CHECK(refused.sent_upstream().empty());
  CHECK(has(refused.transcript(), "record refused untargeted_location K POST"));
}

TEST_CASE("a placeholder that stays is refused where the operator chose so", "[I2]") {
  const std::string chosen = "misplaced_placeholder: refuse\n";
  for (const std::string& form : {kFar, base::to_base64("u:" + kFar)}) {
    const auto held = script(chosen).client(request(kP + " " + form));
    CHECK(held.sent_upstream().empty());
    CHECK(held.transcript().starts_with("record refused destination_not_in_binding FAR POST"));
    const auto streamed = script(chosen).client(request(long_text() + " " + form + "!"));
    CHECK(!is_complete(streamed.sent_upstream()));
    CHECK(has(streamed.transcript(), "noted refused destination_not_in_binding FAR POST"));
    CHECK(has(streamed.sent_client(), R"("reason":"destination_not_in_binding")"));
    // Where no secret may go into the body, too.
    const auto unbound = script(chosen).client(request(form + "!", "", "POST", "/v2/x"));
    CHECK(!has(unbound.sent_upstream(), form));
    CHECK(has(unbound.sent_client(), "HTTP/1.1 403 "));
  }
}

TEST_CASE("a swapped secret's placeholder that stays elsewhere is told of, or refused",
          "[I2][I15]") {
  const std::string rules = R"(
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text, json_pointer: /token }
    bindings: [ { host: api.example.test } ]
)";
  const auto told = test::bindings_of("version: 1\n" + rules);
  const auto refused = test::bindings_of("version: 1\nmisplaced_placeholder: refuse\n" + rules);
  const std::string token = "\"token\":\"" + kP + "\"";
  const std::string note = "\"note\":\"" + kP + "\"";
  for (const std::string& pad : {std::string(), long_text()}) {
    for (const std::string& both : {token + "," + note, note + "," + token}) {
      const std::string text = request("{\"pad\":\"" + pad + "\"," + both + ",\"z\":1}", kJson);
      const auto done = Script(told).client(text).upstream(kOk);
      CHECK(has(body_of(done.sent_upstream()), "\"token\":\"real-key-0001\""));
      CHECK(has(body_of(done.sent_upstream()), note));
      CHECK(count(done.transcript(), "denied untargeted_location K") == 1);
      Script cut = Script(refused);
      cut.client(text);
      CHECK_FALSE(is_complete(cut.sent_upstream()));
      CHECK(has(cut.transcript(), "refused untargeted_location K POST"));
      CHECK(has(cut.sent_client(), "HTTP/1.1 403 "));
    }
  }
}

TEST_CASE("a body is looked at past eight placeholders, and refused past what is looked at",
          "[I2][I10]") {
  std::string rules;
  std::string body;
  for (std::size_t i = 0; i <= bindings::bounds::kSecretsNamedInBodyMax; ++i) {
    const std::string number = std::to_string(1000 + i);
    const std::string placeholder = "kswp_DECOY_PLACEHOLDER_00" + number;
    rules += "  D" + number + ": { honeytoken: true, placeholder: " + placeholder + " }\n";
    body += placeholder + " ";
  }
  const auto decoys = test::bindings_of(std::string("version: 1") + kRules + rules);
  const std::string nine = body.substr(0, body.find("kswp_DECOY_PLACEHOLDER_001009"));
  for (const std::string& pad : {std::string(), long_text() + " "}) {
    const auto few = Script(decoys).client(request(pad + nine + kHeader + " !")).upstream(kOk);
    CHECK(has(few.transcript(), "denied untargeted_location HEADER"));
    CHECK(body_of(few.sent_upstream()) == pad + nine + kHeader + " !");
    Script many = Script(decoys);
    many.client(request(pad + body + "!"));
    CHECK(has(many.transcript(), "refused ambiguous_placeholder_match D1000"));
    CHECK(has(many.sent_client(), "HTTP/1.1 400 "));
    CHECK_FALSE(is_complete(many.sent_upstream()));
  }
}

TEST_CASE("a refusal by the body tells of all honeytokens of the request", "[I2]") {
  const auto baited = test::bindings_of(std::string("version: 1") + kRules + R"(
  BAIT: { honeytoken: true, placeholder: kswp_PLACEHOLDER_000000000008 }
  BAIT2: { honeytoken: true, placeholder: kswp_PLACEHOLDER_000000000009 }
)");
  Script refused = Script(baited);
  refused.client(request(kP + kP + kP + kP + " kswp_PLACEHOLDER_000000000009",
                         "X-A: kswp_PLACEHOLDER_000000000008\r\n"));
  CHECK(has(refused.transcript(), "record refused ambiguous_placeholder_match K"));
  CHECK(has(refused.transcript(), "+honeytoken BAIT +honeytoken BAIT2 POST"));
}

TEST_CASE("a body secret's charge is counted, and given back where nothing was sent", "[I10]") {
  const auto limited = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { body: text }
    bindings: [ { host: api.example.test, rate_limit: { requests: 9, per: 1s } } ]
)");
  const auto held = Script(limited).client(request(kP)).upstream(kOk);
  CHECK(held.transcript().starts_with("charge 0\nfetch K\n"));
  CHECK(has(held.transcript(), "charge kept\n"));
  const auto in_both = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: Authorization, format: "Bearer {secret}", max_occurrences: 2 }
      - { body: text, max_occurrences: 2 }
    bindings: [ { host: api.example.test, rate_limit: { requests: 9, per: 1s } } ]
)");
  for (const std::string& pad : {std::string(), long_text()}) {
    const auto once = Script(in_both)
                          .client(request(pad + kP, "Authorization: Bearer " + kP + "\r\n"))
                          .upstream(kOk);
    CHECK(has(once.sent_upstream(), "Bearer real-key-0001"));
    CHECK(count(once.transcript(), "charge 0\n") == 1);
  }
  const auto streamed = Script(limited).client(request(long_text() + kP)).upstream(kOk);
  CHECK(has(streamed.transcript(), "charge 0\nfetch K\nrecord allowed"));
  CHECK(has(streamed.transcript(), "charge kept\n"));
  Script spent = Script(limited);
  spent.charged.refusal = audit::Reason::rate_limited;
  spent.client(request(long_text() + kP));
  CHECK(has(spent.sent_client(), "HTTP/1.1 429 "));
  CHECK(!is_complete(spent.sent_upstream()));
}

}  // namespace keyswap::flow
