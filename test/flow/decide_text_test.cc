// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide_text.h"

#include <string>

#include <catch2/catch.hpp>

#include "test/support/script.h"

namespace keyswap::flow {

namespace {

const std::string kP = "kswp_PLACEHOLDER/000000000001";
const std::string kP2 = "kswp_PLACEHOLDER_000000000002";
const std::string kOther = "kswp_PLACEHOLDER_000000000003";
const std::string kBait = "kswp_PLACEHOLDER_000000000004";
const std::string kYaml = R"(
version: 1
callers: [ann, bob]
secrets:
  K:
    placeholder: kswp_PLACEHOLDER/000000000001
    inject: { header: Authorization, format: "Bot {secret}" }
    bindings:
      - { host: gateway.example.test, paths: ["/v1/**"], websocket: true, ws_text: true,
          callers: [ann], max_body: 1KiB }
      - { host: gateway.example.test, paths: ["/plain/**"], websocket: true }
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: X-Key, format: "{secret}", max_occurrences: 2 }
    bindings: [ { host: gateway.example.test, websocket: true, ws_text: true } ]
  OTHER:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { body: text }
    bindings: [ { host: gateway.example.test, websocket: true } ]
  BAIT:
    placeholder: kswp_PLACEHOLDER_000000000004
    honeytoken: true
)";

const Destination kGateway{Protocol::https, {"gateway.example.test", 443, http::HostKind::name}};

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Said {
  std::string text;
  std::string caller = "ann";
  std::string target = "/v1/?encoding=json";
  std::string yaml = kYaml;
};

// What is said of it, and how it goes on: [NAME] a secret, [=NAME] one in a string, [==NAME] one in
// a string inside of that.
std::string judged(const Said& said) {
  const auto bindings = test::bindings_of(said.yaml);
  const auto [verdict, pieces] =
      decide_text({said.text, said.target, kGateway, *bindings, said.caller});
  std::string told = std::string(audit::to_string(verdict.decision)) + "/" +
                     std::string(audit::to_string(verdict.reason));
  const auto name = [&](std::uint32_t rule) {
    return bindings->rules[rule].name.text();
  };
  told += verdict.rule ? " " + name(*verdict.rule) : "";
  for (const Denial& other : verdict.others) {
    told += ", " + name(other.rule) + " " + std::string(audit::to_string(other.reason));
  }
  for (const std::uint32_t rule : verdict.honeytokens) {
    told += ", honeytoken " + name(rule);
  }
  if (verdict.decision != audit::Decision::allowed) {
    return told;
  }
  told += ": ";
  for (const TextPiece& piece : pieces) {
    const std::string place = piece.is_nested ? "[==" : piece.is_in_string ? "[=" : "[";
    told += piece.place ? place + name(piece.place->rule) + "]" : std::string(piece.bytes);
  }
  return told;
}

}  // namespace

TEST_CASE("D18 a placeholder in a text message is swapped where the binding says so", "[I5]") {
  CHECK(judged({R"({"op":2,"d":{"token":")" + kP + R"(","intents":1}})"}) ==
        R"(allowed/binding_matched K: {"op":2,"d":{"token":"[=K]","intents":1}})");
  CHECK(judged({"PASS " + kP + "\r\n"}) == "allowed/binding_matched K: PASS [K]\r\n");
  CHECK(judged({"PASS " + kP, "ann", "/plain/x"}) == "denied/untargeted_location K");
  CHECK(judged({"PASS " + kP, "ann", "/v1/../x"}) == "denied/untargeted_location K");
  CHECK(judged({"nothing"}) == "pass/no_placeholder");
  CHECK(judged({""}) == "pass/no_placeholder");

  const auto bindings = test::bindings_of(kYaml);
  CHECK(swaps_texts(*bindings, kGateway.authority, "/v1/"));
  CHECK(swaps_texts(*bindings, kGateway.authority, "/else"));
  CHECK_FALSE(swaps_texts(*bindings, {"example.test", 443, http::HostKind::name}, "/v1/"));
}

TEST_CASE("in a string it is told that it stands there, whatever is around the string", "[I9]") {
  // As PHP writes a slash, and Socket.IO what it has before its JSON.
  const std::string slash = with(kP, "/", "\\/");
  CHECK(judged({"40{\"auth\":\"a\\\"b " + slash + "\"}"}) ==
        "allowed/binding_matched K: 40{\"auth\":\"a\\\"b [=K]\"}");
  CHECK(judged({R"({"d":"{\"token\":\")" + kP + R"(\"}"})"}) ==
        R"(allowed/binding_matched K: {"d":"{\"token\":\"[==K]\"}"})");
  CHECK(judged({"\"x\" " + kP}) == "allowed/binding_matched K: \"x\" [K]");
  CHECK(judged({"\"\\\\" + kP + "\""}) == "allowed/binding_matched K: \"\\\\[=K]\"");
  // What follows would end the string: the backslash is not the placeholder's.
  CHECK(judged({"\"\\" + kP + "\""}) == "denied/untargeted_location K");
}

TEST_CASE("what stays is seen in every form, and told of", "[I2]") {
  CHECK(judged({"say " + kOther}) == "denied/untargeted_location OTHER");
  CHECK(judged({with(kP2, "_", "\\u005f")}) == "denied/untargeted_location K2");
  CHECK(judged({"say " + kBait}) == "denied/destination_not_in_binding BAIT");
  CHECK(judged({kP + kP2 + kOther + kBait}) ==
        "allowed/binding_matched K, OTHER untargeted_location, BAIT destination_not_in_binding: "
        "[K][K2]" +
            kOther + kBait);
  const auto refusing = "misplaced_placeholder: refuse\n" + kYaml;
  CHECK(judged({kP + " " + kOther, "ann", "/v1/", refusing}) ==
        "refused/untargeted_location OTHER");
}

TEST_CASE("a message is held to the limits of what is swapped in it", "[I10]") {
  CHECK(judged({kP + kP}) == "refused/ambiguous_placeholder_match K");
  CHECK(judged({kP2 + kP2}) == "allowed/binding_matched K2: [K2][K2]");
  CHECK(judged({kP2 + kP2 + kP2}) == "refused/ambiguous_placeholder_match K2");
  CHECK(judged({kP, "bob"}) == "refused/caller_not_allowed K");
  CHECK(judged({kP2, "bob"}) == "allowed/binding_matched K2: [K2]");
  CHECK(judged({kP + std::string(1024, ' ')}) == "refused/body_too_large K");
  const auto blocking = with(kYaml, "max_body: 1KiB", "blocked: [\"* /v1/old*\"]");
  CHECK(judged({kP, "ann", "/v1/old", blocking}) == "refused/endpoint_blocked K");
  CHECK(judged({"nothing", "ann", "/v1/old", blocking}) == "pass/no_placeholder");
  CHECK(judged({kP + kP + kBait}) == "refused/ambiguous_placeholder_match K, honeytoken BAIT");
}

}  // namespace keyswap::flow
