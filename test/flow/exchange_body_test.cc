// SPDX-License-Identifier: Apache-2.0
//
// Requests with placeholders in short bodies, and what is seen in any
// (proxy/flow/exchange_body.cc).
#include <catch2/catch.hpp>

#include "test/flow/bodies.h"

namespace keyswap::flow {

TEST_CASE("E01 E09 a short body is decided, opened, recorded, and sent with its length",
          "[I6][I5]") {
  CHECK(script().client(request("a=" + kInBody + "!")).upstream(kOk).transcript() ==
        "fetch K\n"
        "dial\n"
        "record allowed binding_matched K POST /v1/x\n"
        "to upstream: POST /v1/x HTTP/1.1\\r\\nHost: api.example.test\\r\\n"
        "Content-Length: 16\\r\\n\\r\\na=\n"
        "to upstream (secret): real-key-0001\n"
        "to upstream: !\n"
        "to client: HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi\n"
        "response 200 complete 2\n"
        "upstream reused\n"
        "client kept\n");
}

TEST_CASE("E03 E05 the outcome does not depend on how a body is cut", "[I15]") {
  for (const std::string& text : {request("a=" + kInBody + "!"), chunked("a=" + kInBody + "!")}) {
    const auto whole = script().client(text).upstream(kOk);
    CHECK(body_of(whole.sent_upstream()) == "a=real-key-0001!");
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      const auto cut = script().client(text, piece).upstream(kOk);
      REQUIRE(cut.transcript() == whole.transcript());
    }
  }
}

TEST_CASE("E02 all occurrences are swapped, under one record, and one too many is refused") {
  const auto three = script().client(request(kInBody + kInBody + " " + kInBody)).upstream(kOk);
  CHECK(body_of(three.sent_upstream()) == "real-key-0001real-key-0001 real-key-0001");
  CHECK(count(three.transcript(), "record") == 1);
  CHECK(count(three.transcript(), "fetch") == 1);
  const auto four = script().client(request(kInBody + kInBody + kInBody + kInBody));
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
  for (const std::string& text : {request(kInJson, "Content-Type: text/plain\r\n"),
                                  request(kInBody, "Content-Encoding: gzip\r\n"),
                                  request(kInBody, kJson + kForm)}) {
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
      request(R"({"k":")" + kInJson + R"("})", "Content-Type: Application/JSON;charset=x\r\n"));
  CHECK(body_of(quoted.sent_upstream()) == R"({"k":"pre-a\"b\\c-post"})");
}

TEST_CASE("E12 a body out of scope stays, and the record says why", "[I2]") {
  const auto put = script().client(request(kInBody, "", "PUT")).upstream(kOk);
  CHECK(body_of(put.sent_upstream()) == kInBody);
  CHECK(has(put.transcript(), "denied binding_scope_violation K PUT /v1/x"));
  const auto elsewhere = script().client(request(kInBody, "", "POST", "/v2/x")).upstream(kOk);
  CHECK(body_of(elsewhere.sent_upstream()) == kInBody);
  CHECK(has(elsewhere.transcript(), "denied binding_scope_violation K POST /v2/x"));
}

TEST_CASE("E14 a secret that is missing is a 503, and nothing is sent", "[I13]") {
  Script missing = script();
  missing.vault.clear();
  missing.client(request(kInBody));
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
  missing.client(request(kInBody + kInJson, kJson));
  CHECK(missing.sent_upstream().empty());
  CHECK(has(missing.transcript(), "record refused secret_unavailable K2 POST"));
  CHECK(!has(missing.transcript(), "allowed"));
}

TEST_CASE("F01 E21 secrets in the head and in the body are fetched and recorded together", "[I6]") {
  const auto both =
      script()
          .client(request(kInBody + kInJson, kJson + "Authorization: Bearer " + kHeader + "\r\n"))
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
  const std::string field = "Authorization: Bearer " + kInBody + "\r\n";
  const auto in_body = Script(bindings).client(request(kInBody)).upstream(kOk);
  CHECK(body_of(in_body.sent_upstream()) == "real-key-0001");
  CHECK(has(in_body.transcript(), "record allowed binding_matched K POST"));
  const auto in_head = Script(bindings).client(request("x", field)).upstream(kOk);
  CHECK(has(in_head.sent_upstream(), "Bearer real-key-0001"));
  CHECK(has(in_head.transcript(), "record allowed binding_matched K POST"));
  const auto in_both = Script(bindings).client(request(kInBody, field)).upstream(kOk);
  CHECK(has(in_both.sent_upstream(), "Bearer real-key-0001"));
  CHECK(body_of(in_both.sent_upstream()) == "real-key-0001");
  CHECK(has(in_both.transcript(), "record allowed binding_matched K +allowed K POST"));
}

TEST_CASE("E29 the body of a GET is swapped as any other") {
  const auto done = script().client(request(kInBody, "", "GET")).upstream(kOk);
  CHECK(body_of(done.sent_upstream()) == "real-key-0001");
}

TEST_CASE("a body is never swapped over plain http", "[I5]") {
  const auto done = script("", Protocol::http).client(request(kInBody)).upstream(kOk);
  CHECK(body_of(done.sent_upstream()) == kInBody);
  CHECK(has(done.transcript(), "noted denied insecure_scheme K POST"));
}

TEST_CASE("HP-03 a client that waits for 100 Continue is told to go on, once") {
  const std::string head = "Expect: 100-continue\r\n";
  const auto done = script().client(request(kInBody, head)).upstream(kOk);
  CHECK(done.sent_client().starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
  CHECK(!has(done.sent_upstream(), "Expect"));
  CHECK(body_of(done.sent_upstream()) == "real-key-0001");
  const auto none = script().client(request("x", head)).upstream(kOk);
  CHECK(!has(none.sent_upstream(), "Expect"));
  auto longer = script().client(request(long_text() + kInBody, head));
  CHECK(has(longer.sent_upstream(), "Expect: 100-continue"));
  CHECK(longer.sent_client().empty());
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
  const auto done = script().client(request(kInBody + " " + kFar)).upstream(kOk);
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
  made.client(request("a=" + kInBody, field)).upstream(kOk);
  CHECK(has(made.transcript(),
            "record allowed binding_matched S +denied untargeted_location K POST /v1/x"));
  CHECK(body_of(made.sent_upstream()) == "a=" + kInBody);
  Script refused = Script(test::bindings_of("version: 1\nmisplaced_placeholder: refuse" + rules));
  refused.client(request("a=" + kInBody, field));
  CHECK(refused.sent_upstream().empty());
  CHECK(has(refused.transcript(), "record refused untargeted_location K POST"));
}

TEST_CASE("a placeholder that stays is refused where the operator chose so", "[I2]") {
  const std::string chosen = "misplaced_placeholder: refuse\n";
  for (const std::string& form : {kFar, base::to_base64("u:" + kFar)}) {
    const auto held = script(chosen).client(request(kInBody + " " + form));
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
  const std::string token = "\"token\":\"" + kInBody + "\"";
  const std::string note = "\"note\":\"" + kInBody + "\"";
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
  refused.client(request(kInBody + kInBody + kInBody + kInBody + " kswp_PLACEHOLDER_000000000009",
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
  const auto held = Script(limited).client(request(kInBody)).upstream(kOk);
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
    const auto once =
        Script(in_both)
            .client(request(pad + kInBody, "Authorization: Bearer " + kInBody + "\r\n"))
            .upstream(kOk);
    CHECK(has(once.sent_upstream(), "Bearer real-key-0001"));
    CHECK(count(once.transcript(), "charge 0\n") == 1);
  }
  const auto streamed = Script(limited).client(request(long_text() + kInBody)).upstream(kOk);
  CHECK(has(streamed.transcript(), "charge 0\nfetch K\nrecord allowed"));
  CHECK(has(streamed.transcript(), "charge kept\n"));
  Script spent = Script(limited);
  spent.charged.refusal = audit::Reason::rate_limited;
  spent.client(request(long_text() + kInBody));
  CHECK(has(spent.sent_client(), "HTTP/1.1 429 "));
  CHECK(!is_complete(spent.sent_upstream()));
}

TEST_CASE("what a string escapes does not go where a string is read twice", "[I9]") {
  const std::string json = R"({"payload":"{\"token\":\")" + kInBody + R"(\"}"})";
  const std::string form = "payload=%7B%22token%22%3A%22" + kInBody + "%22%7D";
  const bool is_long = GENERATE(false, true);
  const bool is_form = GENERATE(false, true);
  CAPTURE(is_long, is_form);
  const std::string pad = !is_long  ? ""
                          : is_form ? "pad=" + long_text() + "&"
                                    : R"(")" + long_text() + R"(" )";
  const std::string sent = request(pad + (is_form ? form : json), is_form ? kForm : kJson);
  const auto plain = script().client(sent).upstream(kOk);
  CHECK(has(body_of(plain.sent_upstream()), "real-key-0001"));
  for (const std::string key : {"a\"b", "a\\b", "a\nb"}) {
    Script odd = script();
    odd.vault["K"] = key;
    odd.client(sent);
    CHECK(has(odd.transcript(), "refused secret_unavailable K POST"));
    CHECK_FALSE(is_complete(odd.sent_upstream()));
  }
  // Elsewhere it stands as ever; then once more, where it may not.
  const std::string once = is_form ? "t=" + kInBody : R"({"t":")" + kInBody + R"("})";
  Script odd = script();
  odd.vault["K"] = "a\"b";
  odd.client(request(pad + once, is_form ? kForm : kJson));
  CHECK(has(body_of(odd.sent_upstream()), is_form ? "t=a%22b" : R"({"t":"a\"b"})"));
  Script again = script();
  again.vault["K"] = "a\"b";
  again.client(request(pad + once + (is_form ? "&" + form : json), is_form ? kForm : kJson));
  CHECK(has(again.transcript(), "refused secret_unavailable K POST"));
  CHECK_FALSE(is_complete(again.sent_upstream()));
}

}  // namespace keyswap::flow
