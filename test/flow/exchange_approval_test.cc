// SPDX-License-Identifier: Apache-2.0
//
// Requests that a person decides on (proxy/flow/exchange_approval.cc).
#include <catch2/catch.hpp>

#include "test/flow/bodies.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

const char* const kApproved = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - host: api.example.test
        rate_limit: { requests: 9, per: 1s }
        approve: { methods: [POST, GET], paths: [/pay, /ws], headers: [X-Amount], hold: 7s, on_timeout: 202 }
        websocket: true
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { body: text }
    bindings: [ { host: api.example.test, paths: [/any], approve: true } ]
)";

Script held(const Script::Shared& shared = {}) {
  Script made(test::bindings_of(kApproved),
              {Protocol::https, {"api.example.test", 443, http::HostKind::name}},
              shared);
  return made;
}

Script undecided() {
  Script made = held();
  made.answers_approvals = false;
  return made;
}

const std::string kAuth = "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n";

std::string pay(const std::string& fields = "", const std::string& body = "{\"a\":1}") {
  return request(body, kAuth + kJson + fields, "POST", "/pay");
}

OperationView view(std::string_view state = "waiting") {
  return {.id = "op_1",
          .state = state,
          .token = "ab12",
          .is_terminal = state == "denied",
          .may_be_sent = state == "approved",
          .expires_us = 1'700'000'600'000'000,
          .retry_expires_us = state == "approved" ? 1'700'000'700'000'000 : 0};
}

// Knows one.
class OneOperation final : public Operations {
 public:
  explicit OneOperation(OperationView known) : known_(std::move(known)) {}

  [[nodiscard]] std::optional<OperationView> find(std::string_view id,
                                                  std::string_view token,
                                                  std::string_view caller) const override {
    return id == known_.id && token == known_.token && caller.empty() ? std::optional(known_)
                                                                      : std::nullopt;
  }

 private:
  OperationView known_;
};

std::string question(const std::string& rest, const std::string& method = "GET") {
  return head("", method, "/.well-known/keyswap/operations/" + rest) + "\r\n";
}

}  // namespace

TEST_CASE("a granted request goes on as if nothing had been: charged, fetched and recorded then",
          "[I6]") {
  const auto done = held().client(pay()).upstream(kOk);
  INFO(done.transcript());
  CHECK(done.transcript().starts_with(
      "ask POST /pay [content-type:application/json\\n] {\"a\":1}\n"
      "charge 0\n"
      "fetch K\n"
      "dial\n"
      "record allowed binding_matched K POST /pay\n"
      "to upstream (secret): POST /pay HTTP/1.1\\r\\nHost: api.example.test\\r\\n"
      "Authorization: Bearer real-key-0001\\r\\nContent-Type: application/json\\r\\n"
      "Content-Length: 7\\r\\n\\r\\n\n"
      "to upstream: {\"a\":1}\n"
      "charge kept\n"
      "to client: HTTP/1.1 200 OK"));
  CHECK(done.transcript().ends_with("client kept\n"));
}

TEST_CASE("nothing is charged, fetched or sent while it is held, for as long as its rule says") {
  Script waiting = undecided();
  waiting.client(pay());
  CHECK(waiting.transcript() == "ask POST /pay [content-type:application/json\\n] {\"a\":1}\n");
  CHECK(waiting.wait().wait == Wait::approval);
  CHECK(waiting.wait().ms == 7'000);
  waiting.event(Decided{});
  CHECK(has(waiting.transcript(), "charge 0\nfetch K\ndial\nrecord allowed"));
}

TEST_CASE("a body comes whole however it is cut, and leaves with its length", "[I15]") {
  const std::string text = head(kAuth + kJson, "POST", "/pay") +
                           "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
  const auto whole = held().client(text).upstream(kOk);
  CHECK(has(whole.sent_upstream(), "Content-Length: 7\r\n\r\n{\"a\":1}"));
  CHECK(!has(whole.sent_upstream(), "Transfer-Encoding"));
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    REQUIRE(held().client(text, piece).upstream(kOk).transcript() == whole.transcript());
  }
}

TEST_CASE("a client that waits for it is told to go on, and the upstream is not asked to say so") {
  const auto done = held().client(pay("Expect: 100-continue\r\n")).upstream(kOk);
  CHECK(done.sent_client().starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"));
  CHECK(!has(done.sent_upstream(), "Expect"));
}

TEST_CASE("a body that is longer than what is held is a 413, and nobody is asked", "[I10]") {
  const std::string length = std::to_string(base::bounds::kSignedBodyBytesMax + 1);
  Script said = undecided();
  said.client(head(kAuth, "POST", "/pay") + "Content-Length: " + length + "\r\n\r\n");
  CHECK(said.transcript().starts_with("record refused body_too_large K POST /pay"));
  CHECK(has(said.sent_client(), "HTTP/1.1 413 "));
  // A secret could be put into it, so it is held in another place, and less of it.
  Script put = undecided();
  put.client(request(long_text() + kInJson, "", "POST", "/any"));
  CHECK(!has(put.sent_upstream(), "real-key-0002"));
  CHECK(!has(put.transcript(), "ask "));
  CHECK(has(put.transcript(), "body_too_large K2"));
}

TEST_CASE("a secret in a short body is decided on with its request", "[I6]") {
  const auto done = held().client(request("a=" + kInJson, "", "POST", "/any")).upstream(kOk);
  CHECK(has(done.transcript(), "ask POST /any [] a=" + kInJson + "\nfetch K2\ndial\n"));
  CHECK(body_of(done.sent_upstream()) == "a=real-key-0002");
}

TEST_CASE("a request that its rule does not name, or that carries no secret, is not held") {
  const std::string other = request("x", kAuth, "PUT", "/pay");
  CHECK(!has(held().client(other).upstream(kOk).transcript(), "ask "));
  CHECK(
      !has(held().client(request("x", kAuth, "POST", "/free")).upstream(kOk).transcript(), "ask "));
  CHECK(!has(held().client(request("x", "", "POST", "/pay")).upstream(kOk).transcript(), "ask "));
  CHECK(has(held().client(request("x", kAuth, "POST", "/PAY")).upstream(kOk).transcript(), "ask "));
}

TEST_CASE("a form that names a method that a person decides on is held", "[I5]") {
  const std::string form = "_method=POST&a=1";
  const std::string type = "Content-Type: application/x-www-form-urlencoded\r\n";
  for (const std::string& fields : {type, std::string()}) {
    const auto done = held().client(request(form, kAuth + fields, "PUT", "/pay")).upstream(kOk);
    CHECK(has(done.transcript(), "ask PUT /pay"));
  }
  const auto other = held().client(request("a=1", kAuth + type, "PUT", "/pay")).upstream(kOk);
  CHECK(!has(other.transcript(), "ask "));
  CHECK(body_of(other.sent_upstream()) == "a=1");
  const auto free = held().client(request(form, kAuth + type, "PUT", "/free")).upstream(kOk);
  CHECK(!has(free.transcript(), "ask "));
}

TEST_CASE("the fields that are a part of what is approved are sorted, and no others are there") {
  const auto done = held().client(pay("X-Amount: 100\r\nUser-Agent: x\r\nCookie: a=b\r\n"));
  CHECK(has(done.transcript(), "[content-type:application/json\\nx-amount:100\\n]"));
}

TEST_CASE("an operation is for us alone, whether it is asked for or not") {
  const std::string field = "Keyswap-Operation: op_1\r\n";
  const auto retried = held().client(pay(field)).upstream(kOk);
  CHECK(has(retried.transcript(), "ask op_1 POST /pay"));
  CHECK(!has(retried.sent_upstream(), "op_1"));
  const auto free = held().client(request("x", kAuth + field, "POST", "/free")).upstream(kOk);
  CHECK(!has(free.sent_upstream(), "op_1"));
}

TEST_CASE("each refusal has its status, is recorded, and nothing is sent", "[I13]") {
  const std::vector<std::pair<Reason, std::string>> refusals = {{Reason::approval_required, "403"},
                                                                {Reason::approval_denied, "403"},
                                                                {Reason::approval_unknown, "404"},
                                                                {Reason::approval_mismatch, "409"},
                                                                {Reason::approval_used, "409"},
                                                                {Reason::approval_expired, "410"},
                                                                {Reason::too_many_held, "429"},
                                                                {Reason::limits_unavailable, "503"},
                                                                {Reason::shutting_down, "503"}};
  for (const auto& [reason, status] : refusals) {
    Script refused = held();
    refused.decision = {reason, std::nullopt, 0};
    refused.client(pay());
    CHECK(refused.sent_upstream().empty());
    CHECK(has(refused.transcript(),
              "record refused " + std::string(audit::to_string(reason)) + " K POST /pay\n"));
    CHECK(refused.sent_client().starts_with("HTTP/1.1 " + status + " "));
    CHECK(!has(refused.transcript(), "charge"));
  }
}

TEST_CASE("nobody decided in time: 202 says where to ask, and that the request is not sent again") {
  Script waiting = undecided();
  waiting.client(pay()).times_out();
  CHECK(has(waiting.transcript(), "hold over\n"));
  CHECK(waiting.wait().wait == Wait::record);
  waiting.event(Decided{Reason::approval_pending, view(), 0});
  CHECK(waiting.sent_client().starts_with("HTTP/1.1 202 Accepted\r\n"));
  for (const char* const part :
       {"Content-Type: application/json\r\n",
        "Cache-Control: no-store\r\n",
        "Retry-After: 5\r\n",
        "Location: "
        "https://api.example.test/.well-known/keyswap/operations/op_1?t=ab12\r\n",
        R"({"operation_id":"op_1","state":"waiting","terminal":false,"status_url":)"
        R"("https://api.example.test/.well-known/keyswap/operations/op_1?t=ab12",)"
        R"("poll_operation_status":true,"retry_original_request":false,)"
        R"("expires_at":"2023-11-14T22:23:20Z"})"}) {
    CHECK(has(waiting.sent_client(), part));
  }
  CHECK(waiting.sent_upstream().empty());
  CHECK(has(waiting.transcript(), "record refused approval_pending K POST /pay\n"));
}

TEST_CASE("a decision that comes in the last moment counts") {
  Script waiting = undecided();
  waiting.client(pay()).times_out().event(Decided{}).upstream(kOk);
  CHECK(has(waiting.sent_client(), "HTTP/1.1 200 OK"));
}

TEST_CASE("a disk that hangs does not hold the client", "[I10]") {
  Script waiting = undecided();
  waiting.client(pay()).times_out().times_out();
  CHECK(has(waiting.sent_client(), "HTTP/1.1 503 "));
  CHECK(has(waiting.transcript(), "record refused limits_unavailable K"));
  Script retried = undecided();
  retried.client(pay("Keyswap-Operation: op_1\r\n"));
  CHECK(retried.wait().wait == Wait::record);
  retried.times_out();
  CHECK(has(retried.sent_client(), "HTTP/1.1 503 "));
}

TEST_CASE("who hangs up while it is held is sent nothing, and nothing is sent for him") {
  Script left = undecided();
  left.client(pay()).client_leaves();
  CHECK(has(left.transcript(), "hold left\n"));
  CHECK(has(left.transcript(), "record refused client_timeout K POST /pay\n"));
  CHECK(left.is_finished());
  CHECK(left.sent_upstream().empty());
  CHECK(left.sent_client().empty());
}

TEST_CASE("limits are judged when it is sent, and what is refused then was not charged") {
  Script limited = held();
  limited.charged = {Reason::rate_limited, 1'000, 0};
  limited.client(pay());
  CHECK(has(limited.transcript(), "ask POST /pay"));
  CHECK(has(limited.transcript(), "record refused rate_limited K"));
  CHECK(limited.sent_upstream().empty());
}

TEST_CASE("what a person let through is sent once, also where its connection had rested") {
  Script once = held();
  once.client(head(kAuth, "GET", "/pay") + "\r\n");
  once.event(UpstreamBroken{.was_stale = true, .failure = {}});
  CHECK(!has(once.transcript(), "dial anew"));
  CHECK(has(once.sent_client(), "HTTP/1.1 502 "));
}

TEST_CASE("who asks how it stands is told, and nothing goes upstream") {
  const OneOperation known(view("approved"));
  Script::Shared shared;
  shared.operations = &known;
  const auto told = held(shared).client(question("op_1?t=ab12"));
  INFO(told.transcript());
  CHECK(told.sent_client().starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(told.sent_client(), R"("state":"approved","terminal":false)"));
  CHECK(has(told.sent_client(), R"("retry_original_request":true)"));
  CHECK(has(told.sent_client(), R"("retry_expires_at":"2023-11-14T22:25:00Z")"));
  // A record shows no query.
  CHECK(has(told.transcript(),
            "record refused approval_pending GET /.well-known/keyswap/operations/op_1\n"));
  CHECK(!has(told.transcript(), "dial"));
  const auto head_alone = held(shared).client(question("op_1?t=ab12", "HEAD"));
  CHECK(head_alone.sent_client().ends_with("\r\n\r\n"));
}

TEST_CASE("an operation that is not known, or not with that token, is a 404 that tells nothing") {
  const OneOperation known(view());
  Script::Shared shared;
  shared.operations = &known;
  Script::Shared another = shared;
  another.caller = "somebody";
  for (const char* const rest : {"op_2?t=ab12",
                                 "op_1?t=ab13",
                                 "op_1?t=",
                                 "op_1",
                                 "?t=ab12",
                                 "op_1?x=ab12",
                                 "op%5f1?t=ab12",
                                 "op_1?t=ab12&t=ab12"}) {
    const auto told = held(shared).client(question(rest));
    CHECK(told.sent_client().starts_with("HTTP/1.1 404 "));
    CHECK(has(told.transcript(), "record refused approval_unknown GET "));
  }
  CHECK(held(another).client(question("op_1?t=ab12")).sent_client().starts_with("HTTP/1.1 404 "));
  CHECK(held().client(question("op_1?t=ab12")).sent_client().starts_with("HTTP/1.1 404 "));
  CHECK(held(shared)
            .client(question("op_1?t=ab12", "DELETE"))
            .sent_client()
            .starts_with("HTTP/1.1 501 "));
}

}  // namespace keyswap::flow
