// SPDX-License-Identifier: Apache-2.0
//
// Bodies with placeholders that follow their heads (proxy/flow/exchange_upload.cc).
#include <catch2/catch.hpp>

#include "test/flow/bodies.h"

namespace keyswap::flow {

TEST_CASE("E14 a long body follows its head, and each secret its record", "[I6]") {
  const std::string text = long_text();
  const auto done =
      script().client(request(text + kInBody + "!" + kInJson + kInBody, kJson)).upstream(kOk);
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
  const std::string body = kInBody + long_text() + kInBody;
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
  const std::string text = request(long_text() + kInBody + "!");
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
  waiting.client(request(long_text() + kInBody + "!"));
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
  waiting.client(request(long_text() + kInBody + "!")).upstream(kOk);
  CHECK(waiting.sent_client().starts_with("HTTP/1.1 200 OK"));
  CHECK(has(waiting.transcript(), "upstream discarded\nclient closed\n"));
}

TEST_CASE("an upstream that answers meanwhile does not prolong the wait for a secret", "[I10]") {
  Script waiting = script();
  waiting.answers_fetches = false;
  waiting.client(request(long_text() + kInBody + "!"))
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
  waiting.client(request(long_text() + kInBody + "!"))
      .event(UpstreamBroken{false, {base::Cause::takes_nothing, {}}});
  CHECK(has(waiting.sent_client(), "HTTP/1.1 504 "));
  CHECK(has(waiting.sent_client(), R"("cause":"takes_nothing")"));
}

TEST_CASE("what waits of bodies that are sent on is counted, and does not stay", "[I10]") {
  Script waiting = script();
  waiting.answers_fetches = false;
  const auto& counted = *waiting.collected_bytes;
  const std::string text = request(long_text() + kInBody + std::string(5000, 'y'));
  waiting.client(text.substr(0, text.size() - 5000 - kInBody.size()));
  CHECK(counted == 0);
  waiting.client(text.substr(text.size() - 5000 - kInBody.size()));
  CHECK(counted == 5000);
  waiting.client_leaves();
  CHECK(waiting.is_finished());
}

TEST_CASE("E27 a client that leaves in the middle of a body ends the upload") {
  for (const bool is_waiting : {false, true}) {
    Script leaving = script();
    leaving.answers_fetches = !is_waiting;
    const std::string text = request(long_text() + kInBody + "!" + long_text());
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
  longer.client(text + "11171\r\n" + kInBody + std::string(0x11171 - kInBody.size(), 'x') + "\r\n");
  CHECK(has(longer.sent_client(), R"("reason":"body_too_large")"));
  CHECK(!is_complete(longer.sent_upstream()));
  Script said = Script(limited);
  said.client(request(kInBody + std::string(100'000, 'x')));
  CHECK(has(said.sent_client(), "HTTP/1.1 413 "));
  CHECK(!has(said.sent_upstream(), "real-key"));
}

TEST_CASE("a method that a body names counts whatever its length", "[I5]") {
  for (const std::string& more : {std::string(), "&pad=" + long_text()}) {
    for (const std::string& body :
         {"_method=PUT&k=" + kInBody + more, "k=" + kInBody + more + "&_method=PUT"}) {
      const auto done = script().client(request(body, kForm));
      CHECK(has(done.transcript(), "refused binding_scope_violation K POST /v1/x"));
      CHECK_FALSE(is_complete(done.sent_upstream()));
      CHECK(has(done.sent_client(), "HTTP/1.1 403 "));
    }
    // One that is in scope, and one without a secret.
    const auto same =
        script().client(request("_method=GET&k=" + kInBody + more, kForm)).upstream(kOk);
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
  constexpr std::size_t kSize = 7;  // a placeholder comes in several
  for (const std::string& text :
       {request(long_text() + kInBody), chunked(long_text() + kInBody + "!", "", kSize)}) {
    const auto done = script().client(text).upstream(echo);
    CHECK(has(done.sent_upstream(), "real-key-0001"));
    CHECK_FALSE(has(done.sent_client(), "real-key-0001"));
    CHECK(has(done.sent_client(), "X-Echo: " + kInBody + "\r\n"));
    CHECK(has(test::without_chunks(done.sent_client()), "[" + kInBody + "]"));
  }
}

TEST_CASE("a secret that follows an answer's head is looked for in what comes then", "[I8]") {
  const std::string text = request(long_text() + kInBody + "!");
  Script early = script();
  early.client(text.substr(0, text.size() - kInBody.size() - 1))
      .upstream("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
      .client(text.substr(text.size() - kInBody.size() - 1))
      .upstream("f\r\n[real-key-0001]\r\n0\r\n\r\n");
  CHECK(has(early.sent_upstream(), "real-key-0001"));
  CHECK(has(early.sent_client(), "abc"));
  CHECK_FALSE(has(early.sent_client(), "real-key-0001"));
  CHECK(has(early.sent_client(), kInBody));
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
  const std::string text = request(long_text() + kInBody);
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

}  // namespace keyswap::flow
