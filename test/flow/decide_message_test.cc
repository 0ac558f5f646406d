// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_message.h"

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const char* const kYaml = R"(
version: 1
callers: [ann, bob]
secrets:
  A:
    placeholder: BINANCE_PLACEHOLDER_00000000A
    inject: { type: binance, api_key: KA, api_secret: SA }
    bindings: [ { host: ws-api.binance.com, websocket: true, callers: [ann] } ]
  B:
    placeholder: BINANCE_PLACEHOLDER_00000000B
    inject: { type: binance, api_key: KB, api_secret: SB }
    bindings: [ { host: ws-api.binance.com, websocket: true, paths: ["/ws-api/**"] } ]
  REST:
    placeholder: BINANCE_PLACEHOLDER_0000_REST
    inject: { type: binance, api_key: KC, api_secret: SC }
    bindings: [ { hosts: binance.spot } ]
  OTHER:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings: [ { host: ws-api.binance.com } ]
)";

struct Said {
  std::string credential;
  std::string caller = "ann";
  std::string logged_on = "";
  std::string method = "order.place";
  std::string target = "/ws-api/v3";
  std::string yaml = kYaml;
};

std::string judged(const Said& said) {
  const auto bindings = test::bindings_of(said.yaml);
  const bindings::MessageReading message{said.method, "1", said.credential};
  const Destination destination{Protocol::https, {"ws-api.binance.com", 443, http::HostKind::name}};
  const auto [verdict, is_signed] =
      decide_message({message, said.target, destination, *bindings, said.caller, said.logged_on});
  std::string text = std::string(audit::to_string(verdict.decision)) + "/" +
                     std::string(audit::to_string(verdict.reason));
  if (verdict.rule) {
    text += " " + bindings->rules[*verdict.rule].name.text();
  }
  return text + (is_signed ? " signed" : "");
}

}  // namespace

TEST_CASE("the placeholder in a message chooses the key, among those that open a WebSocket here",
          "[I5]") {
  CHECK(judged({"BINANCE_PLACEHOLDER_00000000A"}) == "allowed/binding_matched A signed");
  CHECK(judged({"BINANCE_PLACEHOLDER_00000000B"}) == "allowed/binding_matched B signed");
  CHECK(judged({"BINANCE_PLACEHOLDER_0000_REST"}) == "denied/destination_not_in_binding REST");
  CHECK(judged({"kswp_PLACEHOLDER_000000000001"}) == "denied/binding_scope_violation OTHER");
  CHECK(judged({"a-key-of-its-own"}) == "pass/no_placeholder");
  CHECK(judged({"xBINANCE_PLACEHOLDER_00000000A"}) == "denied/binding_scope_violation A");
}

TEST_CASE("a caller that a rule does not serve gets no key by a message") {
  CHECK(judged({"BINANCE_PLACEHOLDER_00000000A", "bob"}) == "refused/caller_not_allowed A");
  CHECK(judged({"BINANCE_PLACEHOLDER_00000000B", "bob"}) == "allowed/binding_matched B signed");
}

TEST_CASE("a rule is out where its paths do not name the one that was opened", "[I5]") {
  CHECK(judged({"BINANCE_PLACEHOLDER_00000000B", "ann", "", "order.place", "/other"}) ==
        "denied/binding_scope_violation B");
}

TEST_CASE("without a key in it a message acts by the logon, or by nobody's key") {
  CHECK(judged({""}) == "pass/no_placeholder");
  CHECK(judged({"", "ann", "A"}) == "allowed/binding_matched A");
  CHECK(judged({"", "bob", "A"}) == "refused/caller_not_allowed A");
  CHECK(judged({"", "ann", "REST"}) == "refused/endpoint_blocked");
}

TEST_CASE("where our key is logged on nothing passes unjudged, whatever key it carries", "[I5]") {
  CHECK(judged({"a-key-of-its-own", "ann", "A"}) == "refused/endpoint_blocked");
  CHECK(judged({"BINANCE_PLACEHOLDER_0000_REST", "ann", "A"}) == "refused/endpoint_blocked");
  CHECK(judged({"BINANCE_PLACEHOLDER_00000000B", "ann", "A"}) ==
        "allowed/binding_matched B signed");
}

TEST_CASE("what moves value out is refused, whoever's key it carries") {
  CHECK(judged({"", "ann", "", "sub.withdraw"}) == "refused/endpoint_blocked A");
  CHECK(judged({"a-key-of-its-own", "ann", "", "Account.Transfer"}) ==
        "refused/endpoint_blocked A");
}

TEST_CASE("the operator may choose that a misplaced placeholder is refused", "[I2]") {
  CHECK(judged({"BINANCE_PLACEHOLDER_0000_REST",
                "ann",
                "",
                "order.place",
                "/ws-api/v3",
                std::string("misplaced_placeholder: refuse\n") + kYaml}) ==
        "refused/destination_not_in_binding REST");
}

}  // namespace keyswap::flow
