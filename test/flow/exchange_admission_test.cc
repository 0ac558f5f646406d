// SPDX-License-Identifier: Apache-2.0
//
// From the verdict to the secrets: limits, a signer that reads the body, reverse routes.
#include <catch2/catch.hpp>

#include "proxy/flow/exchange.h"
#include "test/support/script.h"
#include "test/support/text.h"

namespace keyswap::flow {

namespace {

using test::Script;

const std::string kP = "kswp_PLACEHOLDER_000000000001";
const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test } ]
)";
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

// A signature that shows what it was made over: the body's bytes and the nonce.
class EchoSigner final : public bindings::Injection, public bindings::Signer {
 public:
  [[nodiscard]] std::string_view scheme() const override { return "echo"; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

  [[nodiscard]] base::Status render(const bindings::RenderInput& /*input*/,
                                    base::ByteSink& /*out*/) const override {
    return base::Error{base::Errc::invalid_input, "a signer does not render"};
  }

  [[nodiscard]] const bindings::Signer* signer() const override { return this; }

  [[nodiscard]] bindings::Judgement judge(const bindings::WholeRequest& request,
                                          const bindings::Scope& /*scope*/) const override {
    bindings::Judgement judgement;
    if (request.target == "/blocked") {
      judgement.refusal = bindings::SignerRefusal::endpoint_blocked;
    }
    if (request.target == "/order") {
      judgement.volume_e8 = 100;
      judgement.volume_max_e8 = 1000;
    }
    return judgement;
  }

  [[nodiscard]] bool forbids(const bindings::RequestReadings& request) const override {
    return request.target() == "/withdraw";
  }

  [[nodiscard]] base::Status sign(const bindings::WholeRequest& request,
                                  const bindings::SignInput& input,
                                  bindings::Edits& edits) const override {
    auto key = vault::Secret::copy_of(input.secrets[0].reveal());
    if (!key) {
      return key.error();
    }
    edits.set_field("Authorization", std::move(*key));
    edits.remove_field("x-old");
    edits.set_body(std::string(request.body) + "&signature=1");
    return {};
  }

 private:
  std::vector<vault::SecretName> needs_ = {vault::SecretName::parse("K").value()};
};

// A signature that is the time it was made for, of a venue that wants its own there; a request that
// brings a time keeps it.
class TimeSigner final : public bindings::Injection, public bindings::Signer {
 public:
  [[nodiscard]] std::string_view scheme() const override { return "time"; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

  [[nodiscard]] base::Status render(const bindings::RenderInput& /*input*/,
                                    base::ByteSink& /*out*/) const override {
    return base::Error{base::Errc::invalid_input, "a signer does not render"};
  }

  [[nodiscard]] const bindings::Signer* signer() const override { return this; }

  [[nodiscard]] bindings::Judgement judge(const bindings::WholeRequest& /*request*/,
                                          const bindings::Scope& /*scope*/) const override {
    return {};
  }

  [[nodiscard]] bool follows_upstream_clock(const bindings::WholeRequest& request) const override {
    return request.fields.find("x-time") == nullptr;
  }

  [[nodiscard]] base::Status sign(const bindings::WholeRequest& /*request*/,
                                  const bindings::SignInput& input,
                                  bindings::Edits& edits) const override {
    edits.set_field("Authorization", std::to_string(input.now_us));
    return {};
  }

 private:
  std::vector<vault::SecretName> needs_ = {vault::SecretName::parse("K").value()};
};

// A key pair of which one half does not sign; the rule's own name is no vault entry.
class BrokenSigner final : public bindings::Injection, public bindings::Signer {
 public:
  [[nodiscard]] std::string_view scheme() const override { return "broken"; }

  [[nodiscard]] const std::vector<vault::SecretName>& needs() const override { return needs_; }

  [[nodiscard]] base::Status render(const bindings::RenderInput& /*input*/,
                                    base::ByteSink& /*out*/) const override {
    return base::Error{base::Errc::invalid_input, "a signer does not render"};
  }

  [[nodiscard]] const bindings::Signer* signer() const override { return this; }

  [[nodiscard]] bindings::Judgement judge(const bindings::WholeRequest& /*request*/,
                                          const bindings::Scope& /*scope*/) const override {
    return {};
  }

  [[nodiscard]] base::Status sign(const bindings::WholeRequest& /*request*/,
                                  const bindings::SignInput& /*input*/,
                                  bindings::Edits& /*edits*/) const override {
    return base::Error{base::Errc::invalid_input, "the key does not sign"};
  }

 private:
  std::vector<vault::SecretName> needs_ = {vault::SecretName::parse("PAIR_KEY").value(),
                                           vault::SecretName::parse("PAIR_SECRET").value()};
};

std::shared_ptr<bindings::Bindings> changeable() {
  auto parsed = bindings::parse(kYaml, "/nowhere", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  return std::make_shared<bindings::Bindings>(std::move(parsed.bindings));
}

Script limited() {
  auto bindings = changeable();
  bindings->rules[0].scopes[0].rate_limit = bindings::RateLimit{2, 10'000};
  // What an answer says of an order, its venue knows.
  bindings->rules[0].venue = bindings::find_venue(bindings::all_venues(), "binance");
  return Script(bindings);
}

Script signed_by_echo() {
  auto bindings = changeable();
  bindings->rules[0].places[0].injection = std::make_unique<EchoSigner>();
  bindings->build_index();
  return Script(bindings);
}

Script signed_by_time(std::int64_t clock_shift_us) {
  auto bindings = changeable();
  bindings->rules[0].places[0].injection = std::make_unique<TimeSigner>();
  bindings->build_index();
  Script script(bindings);
  script.clock_shift_us = clock_shift_us;
  return script;
}

std::string request(const std::string& line, const std::string& rest) {
  return line + " HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: Bearer " + kP + "\r\n" +
         rest;
}

using keyswap::test::has;

}  // namespace

TEST_CASE("F34 a limited call is charged first, and refused before anything is opened or dialled",
          "[limits]") {
  Script refused = limited();
  refused.charged = {audit::Reason::rate_limited, 4'200, 0};
  refused.client(request("GET /v1/x", "\r\n"));
  CHECK(has(refused.transcript(), "charge 0\nrecord refused rate_limited K GET /v1/x\n"));
  CHECK(!has(refused.transcript(), "fetch"));
  CHECK(!has(refused.transcript(), "dial"));
  CHECK(has(refused.sent_client(), "HTTP/1.1 429 "));
  CHECK(has(refused.sent_client(), "\r\nRetry-After: 5\r\n"));
  CHECK(has(refused.sent_client(), R"("retry_after_seconds":5)"));
  CHECK(has(refused.transcript(), "client kept"));
}

TEST_CASE("F28 what was charged is given back when nothing was sent, and for the order if refused",
          "[limits]") {
  Script unsent = limited();
  unsent.dial_failure = audit::Reason::upstream_connect_failed;
  unsent.client(request("GET /v1/x", "\r\n"));
  CHECK(has(unsent.transcript(), "charge released"));
  const auto fate_of = [](const std::string& status) {
    return limited()
        .client(request("GET /v1/x", "\r\n"))
        .upstream("HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\n\r\n")
        .transcript();
  };
  CHECK(has(fate_of("200"), "charge kept\n"));
  CHECK(has(fate_of("400"), "charge kept as a call\n"));
  CHECK(has(fate_of("500"), "charge kept\n"));
  // Neither says that nothing was done: a time-out, and a cancelReplace half done.
  CHECK(has(fate_of("408"), "charge kept\n"));
  CHECK(has(fate_of("409"), "charge kept\n"));
  // Whether it was acted on is unknown.
  CHECK(has(limited().client(request("GET /v1/x", "\r\n")).upstream_closes().transcript(),
            "charge kept\n"));
  CHECK(has(limited().client(request("GET /v1/x", "\r\n")).times_out().transcript(),
            "charge kept\n"));
}

TEST_CASE("a signer sees the whole body, and what it gives is what is sent", "[I15]") {
  const std::string length = request("POST /v1/x", "X-Old: 1\r\nContent-Length: 5\r\n\r\na=b&c");
  const std::string chunked =
      request("POST /v1/x",
              "X-Old: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na=\r\n3\r\nb&c\r\n0\r\n\r\n");
  for (const std::string& bytes : {length, chunked}) {
    for (const std::size_t piece : {0U, 1U, 7U}) {
      const auto script = signed_by_echo().client(bytes, piece).upstream(kOk);
      CHECK(script.sent_upstream() ==
            "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nAuthorization: real-key-0001\r\n"
            "Content-Length: 17\r\n\r\na=b&c&signature=1");
      CHECK(has(script.transcript(), "client kept"));
    }
  }
}

TEST_CASE("a client that expects 100 Continue hears it from us when a signer waits for the body") {
  Script script = signed_by_echo();
  script.client(request("POST /v1/x", "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  CHECK(script.sent_client() == "HTTP/1.1 100 Continue\r\n\r\n");
  script.client("a=b");
  CHECK(!has(script.sent_upstream(), "Expect"));
  CHECK(has(script.sent_upstream(), "a=b&signature=1"));
}

TEST_CASE("a body that a signer cannot hold is 413, and nothing is dialled", "[I10]") {
  const auto known =
      signed_by_echo().client(request("POST /v1/x", "Content-Length: 1048577\r\n\r\n"));
  CHECK(has(known.sent_client(), "HTTP/1.1 413 "));
  Script chunked = signed_by_echo();
  chunked.client(request("POST /v1/x", "Transfer-Encoding: chunked\r\n\r\n"));
  const std::string piece = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 17; ++i) {
    chunked.client(piece);
  }
  CHECK(has(chunked.sent_client(), "HTTP/1.1 413 "));
  for (const Script& script : {known, chunked}) {
    CHECK(has(script.transcript(), "record refused body_too_large K POST /v1/x\n"));
    CHECK(!has(script.transcript(), "dial"));
  }
}

TEST_CASE("what a loop holds of bodies for signers is bounded, and free again afterwards",
          "[I10]") {
  const std::string head = request("POST /v1/x", "Content-Length: 5\r\n\r\n");
  std::shared_ptr<CollectedBytes> held;
  {
    Script script = signed_by_echo();
    script.client(head + "abc");
    held = script.collected_bytes;
    CHECK(*held == 3);
  }
  CHECK(*held == 0);
  Script full = signed_by_echo();
  CollectedShare others(*full.collected_bytes);
  REQUIRE(others.take(base::bounds::kSignedBodiesBytesMax - 2));
  full.client(head + "abc");
  CHECK(has(full.sent_client(), "Keyswap-Reason: too_busy\r\n"));
  CHECK(!has(full.transcript(), "dial"));
}

TEST_CASE("an upload to a signer that is cut short or stalls is recorded, and never sent") {
  const std::string half = request("POST /v1/x", "Content-Length: 5\r\n\r\nab");
  const auto gone = signed_by_echo().client(half).client_leaves();
  CHECK(has(gone.transcript(), "record refused client_timeout K POST /v1/x\n"));
  auto slow = signed_by_echo().client(half);
  for (int windows = 0; windows < 7; ++windows) {
    CHECK(slow.sent_client().empty());
    slow.times_out();
  }
  CHECK(has(slow.sent_client(), "HTTP/1.1 408 "));
  CHECK(gone.sent_upstream().empty());
  CHECK(slow.sent_upstream().empty());
}

TEST_CASE("F14 when signing fails, the 503 names the vault entries that it was done with") {
  auto bindings = changeable();
  bindings->rules[0].places[0].injection = std::make_unique<BrokenSigner>();
  bindings->build_index();
  Script script(bindings);
  script.vault = {{"PAIR_KEY", "key-0001"}, {"PAIR_SECRET", "secret-0001"}};
  script.client(request("GET /v1/x", "\r\n"));
  CHECK(has(script.transcript(), "record refused secret_unavailable K GET /v1/x\n"));
  CHECK(has(script.sent_client(), R"("secret":"PAIR_KEY, PAIR_SECRET")"));
  CHECK(script.sent_upstream().empty());
}

TEST_CASE("what a signer refuses or forbids is 403 and recorded, and nothing is charged") {
  for (const std::string target : {"/blocked", "/withdraw"}) {
    const auto script =
        signed_by_echo().client(request("POST " + target, "Content-Length: 0\r\n\r\n"));
    CHECK(has(script.transcript(), "record refused endpoint_blocked K POST " + target + "\n"));
    CHECK(!has(script.transcript(), "charge"));
    CHECK(has(script.sent_client(), "HTTP/1.1 403 "));
    CHECK(script.sent_upstream().empty());
  }
}

TEST_CASE("F19 a forbidden endpoint is forbidden without the placeholder, too") {
  const auto script = signed_by_echo().client(
      "POST /withdraw HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 0\r\n\r\n");
  CHECK(has(script.transcript(), "record refused endpoint_blocked K"));
  CHECK(script.sent_upstream().empty());
}

TEST_CASE("F26 an order is charged by its value") {
  const auto script = signed_by_echo().client(request("POST /order", "Content-Length: 0\r\n\r\n"));
  CHECK(has(script.transcript(), "charge 100\nfetch K\n"));
  Script refused = signed_by_echo();
  refused.charged = {audit::Reason::order_limit_exceeded, 0, 0};
  refused.client(request("POST /order", "Content-Length: 0\r\n\r\n"));
  CHECK(has(refused.sent_client(), "Keyswap-Reason: order_limit_exceeded\r\n"));
  CHECK(refused.sent_upstream().empty());
}

TEST_CASE("F17 F32 by a reverse route the credential replaces what the client sent, or is added") {
  auto bindings = changeable();
  bindings->rules[0].scopes[0].base_path = "/v2";
  for (const std::string sent :
       {"", "Authorization: bogus\r\n", "authorization: a\r\nAuthorization: b\r\n"}) {
    Script script(bindings);
    script.reverse = ReverseUse{0, 0, "/v2/x?q=1"};
    script.client(
        "GET /custom/k/x?q=1 HTTP/1.1\r\nHost: api.example.test\r\n"
        "Keyswap-Caller: kswc_token\r\n" +
        sent + "Accept: */*\r\n\r\n");
    const std::string upstream = script.sent_upstream();
    CHECK(upstream.starts_with("GET /v2/x?q=1 HTTP/1.1\r\nHost: api.example.test\r\n"));
    CHECK(has(upstream, "uthorization: Bearer real-key-0001\r\n"));
    CHECK(!has(upstream, "bogus"));
    CHECK(!has(upstream, "kswc_token"));
    CHECK(upstream.find("uthorization") == upstream.rfind("uthorization"));
    CHECK(has(script.transcript(), "record allowed binding_matched K GET /v2/x\n"));
  }
}

TEST_CASE("a body past the binding's max_body is 413, whether its length is said or not") {
  auto bindings = changeable();
  bindings->rules[0].scopes[0].max_body_bytes = 4;
  const auto known = Script(bindings).client(request("POST /v1/x", "Content-Length: 5\r\n\r\n"));
  CHECK(has(known.transcript(), "record refused body_too_large"));
  const auto exact =
      Script(bindings).client(request("POST /v1/x", "Content-Length: 4\r\n\r\nabcd"));
  CHECK(has(exact.sent_upstream(), "abcd"));
  const auto chunked = Script(bindings).client(
      request("POST /v1/x", "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"));
  CHECK(has(chunked.sent_client(), "HTTP/1.1 413 "));
  CHECK(!has(chunked.sent_upstream(), "0\r\n\r\n"));  // never completed
}

TEST_CASE("a binding for other callers is refused") {
  auto bindings = changeable();
  bindings->rules[0].scopes[0].callers = {"trader"};
  const auto script = Script(bindings).client(request("GET /v1/x", "\r\n"));
  CHECK(has(script.transcript(), "record refused caller_not_allowed K GET /v1/x\n"));
  CHECK(script.sent_upstream().empty());
}

TEST_CASE("secrets that do not come in time are a 503 that may come again", "[I10][I13]") {
  Script script(changeable());
  script.answers_fetches = false;
  script.client(request("GET /v1/x", "\r\n"));
  CHECK(script.wait().wait == Wait::secrets);
  CHECK(script.sent_client().empty());
  script.times_out();
  CHECK(has(script.transcript(), "fetch K\nrecord refused secret_unavailable K GET /v1/x\n"));
  CHECK(has(script.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(script.sent_client(), R"("cause":"secret_timed_out")"));
  CHECK(has(script.sent_client(), R"("retryable":true)"));
  CHECK(script.sent_upstream().empty());
}

TEST_CASE("what is signed for the upstream's time says in its record by how much that differs") {
  // The script's own time is 1700000000 s.
  Script followed = signed_by_time(-90'123'000);
  followed.client(request("GET /v1/x", "\r\n")).upstream(kOk);
  CHECK(has(followed.transcript(), "record allowed binding_matched K +clock -90123 GET /v1/x\n"));
  CHECK(has(followed.sent_upstream(), "\r\nAuthorization: 1699999909877000\r\n"));

  Script kept = signed_by_time(-90'123'000);  // it brings its own time
  kept.client(request("GET /v1/x", "X-Time: 5\r\n\r\n")).upstream(kOk);
  CHECK(has(kept.transcript(), "record allowed binding_matched K GET /v1/x\n"));
  CHECK(has(kept.sent_upstream(), "\r\nAuthorization: 1700000000000000\r\n"));

  Script other = signed_by_echo();  // its venue does not ask for it
  other.clock_shift_us = 90'000'000;
  other.client(request("POST /v1/x", "Content-Length: 2\r\n\r\nhi")).upstream(kOk);
  CHECK_FALSE(has(other.transcript(), "+clock"));
}

TEST_CASE("what is sent once more is signed for the clock that its record names") {
  Script done = signed_by_time(5'000'000);
  done.client(request("GET /v1/x", "\r\n"));
  done.clock_shift_us = 8'000'000;
  done.event(UpstreamBroken{.was_stale = true});
  const std::string sent = done.sent_upstream();
  const std::size_t first = sent.find("Authorization: 1700000005000000\r\n");
  CHECK(first != std::string::npos);
  CHECK(sent.find("Authorization: 1700000005000000\r\n", first + 1) != std::string::npos);
  CHECK_FALSE(has(sent, "1700000008000000"));

  Script unknown = signed_by_time(0);
  unknown.client(request("GET /v1/x", "\r\n"));
  unknown.clock_shift_us = 8'000'000;
  unknown.event(UpstreamBroken{.was_stale = true});
  CHECK_FALSE(has(unknown.sent_upstream(), "1700000008000000"));
}

namespace {

Script under_rules(const std::string& more = "") {
  return Script(test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, json: [ { pointer: /a, in: [b] } ])" +
                                  more + " } ]\n"));
}

std::string sized(const std::string& body, const std::string& more = "") {
  return request("POST /v1/x",
                 "Content-Type: application/json\r\n" + more +
                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

}  // namespace

TEST_CASE("a body under rules is held, judged, and sent with its length") {
  const std::string body = R"({"a":"b"})";
  const auto whole = under_rules().client(sized(body)).upstream(kOk);
  CHECK(has(whole.transcript(), "record allowed binding_matched K POST /v1/x\n"));
  CHECK(has(whole.sent_upstream(), "Bearer real-key-0001"));
  CHECK(whole.sent_upstream().ends_with("\r\n\r\n" + body));
  for (std::size_t piece = 1; piece < 40; ++piece) {
    CHECK(under_rules().client(sized(body), piece).upstream(kOk).transcript() ==
          whole.transcript());
  }
  const auto chunked = under_rules()
                           .client(request("POST /v1/x",
                                           "Content-Type: application/json\r\n"
                                           "Transfer-Encoding: chunked\r\n\r\n"
                                           "4\r\n{\"a\"\r\n5\r\n:\"b\"}\r\n0\r\n\r\n"))
                           .upstream(kOk);
  CHECK(has(chunked.sent_upstream(), "Content-Length: 9\r\n"));
  CHECK(chunked.sent_upstream().ends_with("\r\n\r\n" + body));
}

TEST_CASE("a body that breaks a rule is 403, names the rule, and nothing is fetched or dialled",
          "[I5]") {
  for (const std::string& text : {sized(R"({"a":"kept-secret"})"),
                                  sized(R"({"a":"b","A":"kept-secret"})"),
                                  request("POST /v1/x", "\r\n"),
                                  request("GET /v1/x", "\r\n")}) {
    const auto refused = under_rules().client(text);
    INFO(refused.transcript());
    CHECK(has(refused.sent_client(), "HTTP/1.1 403 "));
    CHECK(has(refused.sent_client(), R"("reason":"body_not_allowed")"));
    CHECK(has(refused.sent_client(), R"("cause":"body_rule_broken")"));
    CHECK(!has(refused.transcript(), "fetch"));
    CHECK(!has(refused.transcript(), "dial"));
    CHECK(!has(refused.transcript(), "kept-secret"));
  }
  CHECK(has(under_rules().client(sized(R"({"a":"c"})")).sent_client(),
            "json /a, in: it is not what the rule says."));
}

TEST_CASE("rules hold for uses of the secret alone, and for bodies that can be held", "[I10]") {
  const std::string bare =
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 2\r\n\r\n{}";
  CHECK(under_rules().client(bare).upstream(kOk).sent_upstream() == bare);
  const auto large = under_rules().client(request("POST /v1/x", "Content-Length: 1048577\r\n\r\n"));
  CHECK(has(large.sent_client(), "HTTP/1.1 413 "));
  CHECK(!has(large.transcript(), "dial"));
  const auto bounded = under_rules(", max_body: 4").client(sized(R"({"a":"b"})"));
  CHECK(has(bounded.sent_client(), "HTTP/1.1 413 "));
}

namespace {

Script under_models(const std::string& more = "") {
  return Script(test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: api.example.test, models: [small], tools: [])" +
                                  more + " } ]\n"));
}

std::string of_length(const std::string& body) {
  return request("POST /v1/chat/completions",
                 "Content-Type: application/json\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n\r\n" + body);
}

}  // namespace

TEST_CASE("F44 a body that asks for a model is held, judged, and sent with its length", "[I15]") {
  const std::string body = R"({"model":"small"})";
  const auto whole = under_models().client(of_length(body)).upstream(kOk);
  CHECK(has(whole.transcript(), "record allowed binding_matched K POST /v1/chat/completions\n"));
  CHECK(has(whole.sent_upstream(), "Bearer real-key-0001"));
  CHECK(whole.sent_upstream().ends_with("\r\n\r\n" + body));
  for (std::size_t piece = 1; piece < 40; ++piece) {
    CHECK(under_models().client(of_length(body), piece).upstream(kOk).transcript() ==
          whole.transcript());
  }
  const auto chunked = under_models()
                           .client(request("POST /v1/x",
                                           "Content-Type: application/json\r\n"
                                           "Transfer-Encoding: chunked\r\n\r\n"
                                           "9\r\n{\"model\":\r\n8\r\n\"small\"}\r\n0\r\n\r\n"))
                           .upstream(kOk);
  CHECK(has(chunked.sent_upstream(), "Content-Length: 17\r\n"));
  CHECK(chunked.sent_upstream().ends_with("\r\n\r\n" + body));
}

TEST_CASE("F44 a model that is not on the list is 403, and nothing is fetched or dialled", "[I5]") {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {R"({"model":"kept-secret"})", "model_not_allowed"},
      {R"({"model":"small","Model":"kept-secret"})", "model_not_allowed"},
      {R"({"input":"kept-secret"})", "model_not_allowed"},
      {R"({"model":"small","tools":[{"type":"web_search"}]})", "tool_not_allowed"}};
  for (const auto& [body, reason] : refused) {
    const auto script = under_models().client(of_length(body));
    INFO(script.transcript());
    CHECK(has(script.sent_client(), "HTTP/1.1 403 "));
    CHECK(has(script.sent_client(), R"("reason":")" + reason + "\""));
    CHECK(has(script.sent_client(), "Allowed: the models small alone; no tools that the provider"));
    CHECK(!has(script.transcript(), "fetch"));
    CHECK(!has(script.transcript(), "dial"));
    CHECK(!has(script.transcript(), "kept-secret"));
  }
}

TEST_CASE("what asks no model is not held up by rules on models", "[I10]") {
  CHECK(has(under_models().client(request("GET /v1/models", "\r\n")).upstream(kOk).sent_upstream(),
            "Bearer real-key-0001"));
  const std::string bare =
      "POST /v1/x HTTP/1.1\r\nHost: api.example.test\r\nContent-Length: 2\r\n\r\n{}";
  CHECK(under_models().client(bare).upstream(kOk).sent_upstream() == bare);
  const auto large =
      under_models().client(request("POST /v1/x", "Content-Length: 1048577\r\n\r\n"));
  CHECK(has(large.sent_client(), "HTTP/1.1 413 "));
  CHECK(!has(large.transcript(), "dial"));
}

TEST_CASE("a budget is charged before the secret is fetched, and told what it came to") {
  const std::string ask = R"({"model":"small","max_tokens":50})";
  const std::string answer = R"({"usage":{"prompt_tokens":5,"completion_tokens":6}})";
  const auto script = [](const std::string& text) {
    return under_models(", budget: { tokens_per_min: 1000 }").client(of_length(text));
  };
  const auto head = [&](const std::string& more) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(answer.size()) + "\r\n\r\n" + more;
  };
  const auto whole = script(ask).upstream(head(answer));
  INFO(whole.transcript());
  CHECK(has(whole.transcript(), "charge 0 for small 53\n"));
  CHECK(whole.transcript().find("charge") < whole.transcript().find("fetch"));
  CHECK(has(whole.transcript(), "spent small 5 6\n"));
  const auto cut = script(ask).upstream(head(answer.substr(0, 10))).upstream_closes();
  INFO(cut.transcript());
  CHECK(has(cut.transcript(), "spent small 3 50 estimated\n"));
  const auto error = script(ask).upstream("HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n");
  CHECK(has(error.transcript(), "spent small 0 0\n"));
  CHECK(!has(script("").transcript(), "charge"));
}

}  // namespace keyswap::flow
