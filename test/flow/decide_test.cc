// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/decide.h"

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "proxy/base/bytes.h"
#include "test/support/script.h"

namespace keyswap::flow {

namespace {

constexpr std::string_view kP = "kswp_PLACEHOLDER_000000000001";
constexpr std::string_view kP2 = "kswp_PLACEHOLDER_000000000002";

// RFC 7515 A.2's.
constexpr std::string_view kClientKey =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj"
    "NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz"
    "P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo"
    "9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB"
    "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX"
    "FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
    "oQIDAQAB";

const char* const kYaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, methods: [GET], paths: ["/v1/**"] }
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: x-api-key, format: "{secret}" }
    bindings:
      - { host: other.example.test }
  K3:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: { header: x-api-key, format: "{secret}" }
    bindings:
      - { host: api.example.test }
)";

http::RequestHead head_of(const std::string& fields,
                          const std::string& line = "GET /v1/x HTTP/1.1") {
  http::Decoder decoder(http::Decoder::Role::request);
  const auto step = decoder.next(line + "\r\nHost: api.example.test\r\n" + fields + "\r\n");
  REQUIRE(step.kind == http::Step::Kind::head);
  return decoder.take_request();
}

Verdict judge(const std::string& fields,
              const std::string& line = "GET /v1/x HTTP/1.1",
              Protocol protocol = Protocol::https,
              const std::string& yaml = kYaml,
              std::string_view caller = "") {
  const auto bindings = test::bindings_of(yaml);
  const auto head = head_of(fields, line);
  const Destination destination{protocol, {"api.example.test", 443, http::HostKind::name}};
  return decide({head, head.target, destination, *bindings, caller});
}

std::string shown(const Verdict& verdict) {
  return std::string(audit::to_string(verdict.decision)) + "/" +
         std::string(audit::to_string(verdict.reason));
}

const std::string kAuth = "Authorization: Bearer " + std::string(kP) + "\r\n";

}  // namespace

TEST_CASE("a bound placeholder in its header, method and path is allowed", "[I5]") {
  const Verdict verdict = judge(kAuth);
  CHECK(shown(verdict) == "allowed/binding_matched");
  CHECK(verdict.uses.at(0).spot->part == 1);
  CHECK(verdict.others.empty());
}

TEST_CASE("D14 D15 D16 the placeholder of a secret that notes bind nowhere stays, and why is told",
          "[I2]") {
  const std::string unbound = "avp-PLACEHOLDER-aaaaaaaaaaaaaaaaaaaaa";
  const auto told = [&](bindings::OutOfForce why, const std::string& fields, Protocol protocol) {
    auto bindings = bindings::parse(kYaml, "/nowhere", {}).bindings;
    bindings::SecretRule rule;
    rule.placeholder = unbound;
    rule.kind = bindings::RuleKind::unbound;
    rule.out_of_force = why;
    bindings.rules.push_back(std::move(rule));
    bindings.build_index();
    const auto head = head_of(fields);
    const Destination destination{protocol, {"api.example.test", 443, http::HostKind::name}};
    const Verdict verdict = decide({head, head.target, destination, bindings, ""});
    std::string text = shown(verdict);
    for (const Denial& other : verdict.others) {
      CHECK(other.rule == bindings.rules.size() - 1);
      text += " +" + std::string(audit::to_string(other.reason));
    }
    return text;
  };
  using bindings::OutOfForce;
  for (const auto* const field : {"Authorization: Bearer ", "X-Api-Key: ", "X-Any: a "}) {
    INFO(field);
    std::string fields(field);
    fields += unbound + "\r\n";
    CHECK(told(OutOfForce::no_note, fields, Protocol::https) == "denied/no_binding_in_notes");
    CHECK(told(OutOfForce::invalid_note, fields, Protocol::https) ==
          "denied/invalid_binding_metadata");
    CHECK(told(OutOfForce::host_not_listed, fields, Protocol::https) ==
          "denied/host_not_in_allowlist");
    CHECK(told(OutOfForce::no_note, fields, Protocol::http) == "denied/insecure_scheme");
  }
  CHECK(told(OutOfForce::no_note, kAuth + "X-Any: " + unbound + "\r\n", Protocol::https) ==
        "allowed/binding_matched +no_binding_in_notes");
}

TEST_CASE("where clients sign, a request in scope needs no placeholder, and its signer judges it",
          "[I2]") {
  const std::string yaml = R"(
version: 1
secrets:
  ACCOUNT:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { type: jwt, algorithm: RS256, issuer: me, client_token: assertion, client_key: ")" +
                           std::string(kClientKey) + R"(" }
    bindings:
      - { host: api.example.test, methods: [POST], paths: [/token], max_body: 1KiB }
)";
  const auto decided = [&](const std::string& line, Protocol protocol = Protocol::https) {
    return judge("Content-Length: 5\r\n", line, protocol, yaml);
  };
  const Verdict verdict = decided("POST /token HTTP/1.1");
  CHECK(shown(verdict) == "allowed/binding_matched");
  REQUIRE(verdict.uses.size() == 1);
  CHECK_FALSE(verdict.uses[0].spot.has_value());
  CHECK(shown(decided("POST /other HTTP/1.1")) == "pass/no_placeholder");
  CHECK(shown(decided("GET /token HTTP/1.1")) == "pass/no_placeholder");
  CHECK(shown(decided("POST /token HTTP/1.1", Protocol::http)) == "pass/no_placeholder");
  const auto large =
      judge("Content-Length: 5000\r\n", "POST /token HTTP/1.1", Protocol::https, yaml);
  CHECK(shown(large) == "refused/body_too_large");
  // A placeholder that stays is told of, and leads nobody around the signer.
  const auto inert =
      judge("X-Other: " + std::string(kP) + "\r\n", "POST /token HTTP/1.1", Protocol::https, yaml);
  CHECK(shown(inert) == "allowed/binding_matched");
  CHECK(inert.uses.size() == 1);
  REQUIRE(inert.others.size() == 1);
  CHECK(inert.others[0].reason == audit::Reason::untargeted_location);
}

TEST_CASE("where clients sign, each caller has the rule that serves it, and others have none",
          "[I2]") {
  const auto rule_with = [](const std::string& name, const std::string& number) {
    return "  " + name + ":\n    placeholder: kswp_PLACEHOLDER_00000000000" + number +
           "\n    inject: { type: jwt, algorithm: RS256, issuer: me, client_token: assertion, "
           "client_key: \"" +
           std::string(kClientKey) +
           "\" }\n    bindings: [ { host: api.example.test, paths: [/token], callers: [" + name +
           "] } ]\n";
  };
  const std::string yaml =
      "version: 1\ncallers: [A, B, C]\nsecrets:\n" + rule_with("A", "1") + rule_with("B", "2");
  const auto decided = [&](std::string_view caller) {
    return judge("", "POST /token HTTP/1.1", Protocol::https, yaml, caller);
  };
  CHECK(shown(decided("A")) == "allowed/binding_matched");
  CHECK(decided("A").rule == 0U);
  CHECK(shown(decided("B")) == "allowed/binding_matched");
  CHECK(decided("B").rule == 1U);
  CHECK(shown(decided("C")) == "refused/caller_not_allowed");
  CHECK(shown(decided("")) == "refused/caller_not_allowed");
}

TEST_CASE("A10 a request without a placeholder passes", "[I2]") {
  CHECK(shown(judge("Authorization: Bearer something-else\r\n")) == "pass/no_placeholder");
}

TEST_CASE("A09 a placeholder in a header that its rule does not name travels inert", "[I2]") {
  CHECK(shown(judge("X-Other: " + std::string(kP) + "\r\n")) == "denied/untargeted_location");
}

TEST_CASE("A08 a placeholder in its header and in another one is swapped in its header only",
          "[I2]") {
  const std::string inert = "X-Other: " + std::string(kP) + "\r\n";
  const Verdict verdict = judge(inert + kAuth + inert);
  CHECK(shown(verdict) == "allowed/binding_matched");
  REQUIRE(verdict.uses.size() == 1);
  CHECK(verdict.uses.at(0).spot->part == 2);
  // What stays has its record.
  REQUIRE(verdict.others.size() == 1);
  CHECK(verdict.others[0].rule == 0);
  CHECK(verdict.others[0].reason == audit::Reason::untargeted_location);
}

TEST_CASE("B02 a method outside the binding is denied and travels inert", "[I5]") {
  CHECK(shown(judge(kAuth, "POST /v1/x HTTP/1.1")) == "denied/binding_scope_violation");
}

TEST_CASE("B15 B16 B17 B18 paths that some server reads differently are outside the scope",
          "[I5]") {
  for (const char* path : {"/admin?x=/v1/",
                           "/v1/../admin",
                           "/v1/%2e%2e/admin",
                           "/v1/..%2fadmin",
                           "/v1/%2e%2e%2fadmin",
                           "//v1/x",
                           "/V1/x"}) {
    INFO(path);
    CHECK(shown(judge(kAuth, "GET " + std::string(path) + " HTTP/1.1")) ==
          "denied/binding_scope_violation");
  }
}

TEST_CASE("a method that is named besides must be in the binding too", "[I5]") {
  for (const auto* const field : {"X-HTTP-Method-Override: DELETE",
                                  "x_http_method: delete",
                                  "X-Method-Override: GET, PUT",
                                  "_method: PUT",
                                  "X-HTTP-Method-Override:",
                                  "X-HTTP-Method-Override: GET\r\nX-HTTP-Method: POST"}) {
    INFO(field);
    CHECK(shown(judge(kAuth + field + "\r\n")) == "denied/binding_scope_violation");
  }
  CHECK(shown(judge(kAuth, "GET /v1/x?a&_method=DELETE HTTP/1.1")) ==
        "denied/binding_scope_violation");
  CHECK(shown(judge(kAuth + "X-HTTP-Method-Override: get\r\n")) == "allowed/binding_matched");
  CHECK(shown(judge(kAuth, "GET /v1/x?method=DELETE HTTP/1.1")) == "allowed/binding_matched");
}

TEST_CASE("a path that is no UTF-8, or ends at an encoded mark in one reading, is outside",
          "[I5]") {
  for (const auto* const path :
       {"/v1/%ff", "/v1/%c0%ae%c0%ae/x", "/v1/%ed%a0%80", "/v1/..%3fx", "/v1/..%2523"}) {
    INFO(path);
    CHECK(shown(judge(kAuth, "GET " + std::string(path) + " HTTP/1.1")) ==
          "denied/binding_scope_violation");
  }
  CHECK(shown(judge(kAuth, "GET /v1/what%3f HTTP/1.1")) == "allowed/binding_matched");
}

TEST_CASE("a form in a body that was collected is judged by the method it names", "[I5]") {
  const auto bindings = test::bindings_of(
      "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
      "    inject: { type: hmac, header: X-Key, template: \"{body}\" }\n    bindings:\n"
      "      - { host: api.example.test, methods: [POST, PUT], blocked: [\"PUT /v1/closed\"] }\n");
  const auto verdict_of = [&](const std::string& path, std::string_view body) {
    const auto head = head_of("X-Key: " + std::string(kP) + "\r\n", "POST " + path + " HTTP/1.1");
    const Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
    const Request request{head, head.target, destination, *bindings, ""};
    const auto verdict = decide(request);
    REQUIRE(shown(verdict) == "allowed/binding_matched");
    const auto reason = check_body(request, verdict, body);
    return reason ? std::string(audit::to_string(*reason)) : "";
  };
  CHECK(verdict_of("/v1/x", "").empty());
  CHECK(verdict_of("/v1/x", "a=1&_method=put").empty());
  CHECK(verdict_of("/v1/x", "a=1&_method=DELETE") == "binding_scope_violation");
  CHECK(verdict_of("/v1/x", "_method=") == "binding_scope_violation");
  CHECK(verdict_of("/v1/closed", "_method=PUT") == "endpoint_blocked");
  CHECK(verdict_of("/v1/closed", "method=PUT").empty());
}

TEST_CASE("the method that a form names has to suit every secret of the request", "[I5]") {
  const auto bindings = test::bindings_of(R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    together_with: [K2]
    bindings: [ { host: api.example.test, methods: [POST, PUT] } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: x-api-key, format: "{secret}" }
    bindings: [ { host: api.example.test, methods: [POST] } ]
)");
  const auto head = head_of(kAuth + "X-Api-Key: " + std::string(kP2) + "\r\n", "POST / HTTP/1.1");
  const Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
  const Request request{head, head.target, destination, *bindings, ""};
  const auto verdict = decide(request);
  REQUIRE(verdict.uses.size() == 2);
  CHECK_FALSE(check_body(request, verdict, "_method=POST"));
  CHECK(check_body(request, verdict, "_method=PUT") == audit::Reason::binding_scope_violation);
}

TEST_CASE("D01 a placeholder bound to another host is denied here", "[I2]") {
  CHECK(shown(judge("x-api-key: " + std::string(kP2) + "\r\n")) ==
        "denied/destination_not_in_binding");
}

TEST_CASE("D03 two secrets' placeholders in one credential header are ambiguous") {
  CHECK(shown(judge("Authorization: " + std::string(kP) + " " + std::string(kP2) + "\r\n")) ==
        "refused/ambiguous_placeholder_match");
}

TEST_CASE("D04 two bound secrets in two credential headers are ambiguous") {
  CHECK(shown(judge(kAuth + "x-api-key: kswp_PLACEHOLDER_000000000003\r\n")) ==
        "refused/ambiguous_placeholder_match");
}

TEST_CASE("D05 a secret bound elsewhere is denied beside one that is allowed", "[I2]") {
  const Verdict verdict = judge(kAuth + "x-api-key: " + std::string(kP2) + "\r\n");
  CHECK(shown(verdict) == "allowed/binding_matched");
  REQUIRE(verdict.others.size() == 1);
  CHECK(verdict.others.front().reason == audit::Reason::destination_not_in_binding);
}

TEST_CASE("more secrets than are judged for one request are refused", "[I10]") {
  std::string yaml = "version: 1\nsecrets:\n";
  std::string most;
  for (int number = 100; number < 109; ++number) {
    const auto placeholder = "kswp_PLACEHOLDER_000000000" + std::to_string(number);
    yaml += "  S" + std::to_string(number) + ":\n    placeholder: " + placeholder +
            "\n    inject: { header: x-s, format: \"{secret}\" }\n"
            "    bindings: [ { host: other.example.test } ]\n";
    most += number < 108 ? "X-A: " + placeholder + "\r\n" : "";
  }
  const auto judged = [&](const std::string& fields) {
    return shown(judge(fields, "GET /v1/x HTTP/1.1", Protocol::https, yaml));
  };
  CHECK(judged(most) == "denied/destination_not_in_binding");
  const std::string again = "X-B: kswp_PLACEHOLDER_000000000100\r\n";
  CHECK(judged(most + again) == "denied/destination_not_in_binding");
  CHECK(judged(most + "X-B: kswp_PLACEHOLDER_000000000108\r\n") ==
        "refused/ambiguous_placeholder_match");
}

TEST_CASE("what stands in many fields is judged as in few", "[I5]") {
  const std::string p(kP);
  const std::string p2(kP2);
  const std::string inert = "X-A: " + p + p2 + "\r\nX-B: " + p2 + p + "\r\n";
  CHECK(shown(judge(inert + "Authorization: Bearer " + p + "\r\n" + inert)) ==
        "allowed/binding_matched");
  CHECK(shown(judge(inert + "Authorization: Bearer " + p + p2 + "\r\n" + inert)) ==
        "refused/ambiguous_placeholder_match");
}

TEST_CASE("each of several placeholders that stay inert is told of, once", "[I2]") {
  const std::string p(kP);
  const std::string p2(kP2);
  const Verdict verdict = judge("X-A: " + p + "\r\nX-B: " + p2 + "\r\nX-C: " + p2 + "\r\n");
  CHECK(shown(verdict) == "denied/untargeted_location");
  REQUIRE(verdict.others.size() == 1);
  CHECK(verdict.others.front().rule != verdict.rule);
  CHECK(verdict.others.front().reason == audit::Reason::destination_not_in_binding);
  CHECK(judge("X-A: " + p + "\r\n").others.empty());

  const Verdict plain =
      judge(kAuth + "x-api-key: " + p2 + "\r\n", "GET /v1/x HTTP/1.1", Protocol::http);
  CHECK(shown(plain) == "denied/insecure_scheme");
  REQUIRE(plain.others.size() == 1);
  CHECK(plain.others.front().reason == audit::Reason::insecure_scheme);
}

TEST_CASE("a request that is refused for its placeholders has no inert ones beside", "[I2]") {
  const std::string yaml = std::string("misplaced_placeholder: refuse") + kYaml;
  const Verdict verdict = judge("X-A: " + std::string(kP) + "\r\nX-B: " + std::string(kP2) + "\r\n",
                                "GET /v1/x HTTP/1.1",
                                Protocol::https,
                                yaml);
  CHECK(shown(verdict) == "refused/untargeted_location");
  CHECK(verdict.others.empty());
}

TEST_CASE("F17 two lines of the credential's header are refused") {
  CHECK(shown(judge(kAuth + "authorization: bogus\r\n")) == "refused/duplicate_credential_header");
}

TEST_CASE("C17 nothing is swapped over plain http", "[I5]") {
  CHECK(shown(judge(kAuth, "GET /v1/x HTTP/1.1", Protocol::http)) == "denied/insecure_scheme");
}

TEST_CASE("D07 a placeholder in the query is not swapped by a header rule", "[I2]") {
  CHECK(shown(judge("", "GET /v1/x?key=" + std::string(kP) + " HTTP/1.1")) ==
        "denied/untargeted_location");
}

TEST_CASE("D06 D08 a placeholder in another form than that which is swapped is seen, and stays",
          "[I2]") {
  const std::string encoded = "kswp%5FPLACEHOLDER_000000000001";
  CHECK(shown(judge("Authorization: Bearer " + encoded + "\r\n")) == "denied/untargeted_location");
  CHECK(shown(judge("X-Other: {\\u006bswp_PLACEHOLDER_000000000001}\r\n")) ==
        "denied/untargeted_location");
  CHECK(shown(judge("X-Other: x " + base::to_base64("a:" + std::string(kP)) + "\r\n")) ==
        "denied/untargeted_location");
  CHECK(shown(judge("", "GET /v1/x?" + base::to_base64url(std::string(kP)) + " HTTP/1.1")) ==
        "denied/untargeted_location");
  CHECK(shown(judge("Authorization: Bearer kswp%5FPLACEHOLDER_00000000000\r\n")) ==
        "pass/no_placeholder");
}

TEST_CASE("a placeholder in the name of a field, or as the method, is seen", "[I2]") {
  CHECK(shown(judge(std::string(kP) + ": x\r\n")) == "denied/untargeted_location");
  CHECK(shown(judge("X-" + std::string(kP2) + "-Y: x\r\n")) == "denied/destination_not_in_binding");
  CHECK(shown(judge("", std::string(kP) + " /v1/x HTTP/1.1")) == "denied/untargeted_location");
  const auto both = judge(kAuth + "X-" + std::string(kP2) + ": x\r\n");
  CHECK(shown(both) == "allowed/binding_matched");
  REQUIRE(both.others.size() == 1);
  CHECK(both.others[0].rule == 1);
}

TEST_CASE("the operator can have misplaced placeholders refused", "[I2]") {
  const std::string yaml = std::string("misplaced_placeholder: refuse") + kYaml;
  CHECK(shown(judge(
            "X-Other: " + std::string(kP) + "\r\n", "GET /v1/x HTTP/1.1", Protocol::https, yaml)) ==
        "refused/untargeted_location");
  CHECK(shown(judge(kAuth + "x-api-key: " + std::string(kP2) + "\r\n",
                    "GET /v1/x HTTP/1.1",
                    Protocol::https,
                    yaml)) == "refused/destination_not_in_binding");
  // Also where the same secret is swapped in the same request.
  const std::string inert = "X-Other: " + std::string(kP) + "\r\n";
  const std::string in_name = std::string(kP) + ": a\r\n";
  for (const auto& fields : {kAuth + inert, inert + kAuth, kAuth + in_name}) {
    INFO(fields);
    CHECK(shown(judge(fields, "GET /v1/x HTTP/1.1", Protocol::https, yaml)) ==
          "refused/untargeted_location");
  }
  CHECK(shown(judge(kAuth, "GET /v1/x HTTP/1.1", Protocol::https, yaml)) ==
        "allowed/binding_matched");
}

TEST_CASE("a placeholder in more spots than any place may have is refused at once", "[I10]") {
  std::string yaml = "version: 1\nsecrets:\n";
  for (int number = 1; number <= 8; ++number) {
    const auto name = std::to_string(number);
    const auto placeholder = "kswp_PLACEHOLDER_00000000000" + name;
    yaml += "  S" + name + ":\n    placeholder: " + placeholder +
            "\n    inject: [ { path: true, max_occurrences: 16 }, "
            "{ header: x-s, format: \"{secret}\", replace: token } ]\n"
            "    bindings: [ { host: api.example.test } ]\n    together_with: [" +
            (number < 8 ? "S" + std::to_string(number + 1) : "S1") + "]\n";
  }
  const auto of = [&](int count) {
    std::string path;
    for (int i = 0; i < count; ++i) {
      path += "/" + std::string(kP);
    }
    return judge("", "GET " + path + " HTTP/1.1", Protocol::https, yaml);
  };
  CHECK(of(16).uses.size() == 16);
  CHECK(shown(of(17)) == "refused/ambiguous_placeholder_match");
  CHECK(of(17).rule == 0U);
  std::string fields;
  for (int i = 0; i < 60; ++i) {
    fields += "X-S: " + std::string(kP) + " " + std::string(kP2) + "\r\n";
  }
  const Verdict many = judge(fields, "GET /v1/x HTTP/1.1", Protocol::https, yaml);
  CHECK(shown(many) == "refused/duplicate_credential_header");
}

TEST_CASE("a honeytoken, which has no place, is denied wherever it stands", "[I2]") {
  const std::string yaml = std::string(kYaml) +
                           "  BAIT:\n    honeytoken: true\n"
                           "    placeholder: kswp_PLACEHOLDER_000000000009\n";
  const std::string bait = "kswp_PLACEHOLDER_000000000009";
  for (const auto& fields : {"Authorization: Bearer " + bait + "\r\n",
                             "Authorization: Basic " + base::to_base64("a:" + bait) + "\r\n",
                             "Cookie: a=" + bait + "\r\n",
                             bait + ": a\r\n"}) {
    INFO(fields);
    const Verdict verdict = judge(fields, "POST /v1/x?a=b HTTP/1.1", Protocol::https, yaml);
    CHECK(shown(verdict) == "denied/destination_not_in_binding");
    CHECK(verdict.rule == 3U);
    CHECK(verdict.uses.empty());
  }
  CHECK(shown(judge("", "GET /" + bait + "?k=" + bait + " HTTP/1.1", Protocol::https, yaml)) ==
        "denied/destination_not_in_binding");
  const Verdict beside =
      judge(kAuth + "X-B: " + bait + "\r\n", "GET /v1/x HTTP/1.1", Protocol::https, yaml);
  CHECK(shown(beside) == "allowed/binding_matched");
  REQUIRE(beside.others.size() == 1);
  CHECK(beside.others[0].rule == 3);
}

namespace {

// `inject` of a secret whose header is `header`; its placeholder with `around` ("<P>x") in it.
std::string keyed(const std::string& inject,
                  const std::string& header,
                  const std::string& value,
                  const std::string& more = "") {
  const std::string yaml = more +
                           "version: 1\nsecrets:\n  K:\n"
                           "    placeholder: kswp_PLACEHOLDER_000000000001\n"
                           "    inject: { " +
                           inject + " }\n    bindings: [ { host: api.example.test } ]\n";
  return shown(judge(header + ": " + value + "\r\n", "GET /v1/x HTTP/1.1", Protocol::https, yaml));
}

const std::string kPair = "api_key: K, api_secret: S";

}  // namespace

TEST_CASE("where a header is nothing but the API key, the placeholder is its whole value", "[I2]") {
  const std::string p(kP);
  const auto triple = kPair + ", passphrase: T";
  const std::vector<std::pair<std::string, std::string>> schemes = {
      {"type: binance, " + kPair, "X-MBX-APIKEY"},
      {"type: mexc, " + kPair, "X-MEXC-APIKEY"},
      {"type: kraken, " + kPair, "API-Key"},
      {"type: gateio, " + kPair, "KEY"},
      {"type: bitmex, " + kPair, "API-Key"},
      {"type: bitvavo, " + kPair, "Bitvavo-Access-Key"},
      {"type: bybit, " + kPair, "X-BAPI-API-KEY"},
      {"type: bitfinex, " + kPair, "bfx-apikey"},
      {"type: gemini, " + kPair, "X-GEMINI-APIKEY"},
      {"type: okx, " + triple, "OK-ACCESS-KEY"},
      {"type: kucoin, " + triple, "KC-API-KEY"},
      {"type: polymarket, " + triple, "POLY_API_KEY"}};
  for (const auto& [inject, header] : schemes) {
    INFO(inject);
    CHECK(keyed(inject, header, p) == "allowed/binding_matched");
    for (const auto& value : {p + "x", "x" + p, "Bearer " + p, p + ", " + p, "\"" + p + "\""}) {
      INFO(value);
      CHECK(keyed(inject, header, value) == "denied/untargeted_location");
      CHECK(keyed(inject, header, value, "misplaced_placeholder: refuse\n") ==
            "refused/untargeted_location");
    }
  }
}

TEST_CASE("what stands around the placeholder is no matter where the header is the API's") {
  CHECK(keyed("type: hmac, header: Authorization, template: \"{body}\"",
              "Authorization",
              "Bearer " + std::string(kP)) == "allowed/binding_matched");
}

namespace {

const std::string kAsk =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// K opens a WebSocket below /ws, to one caller; K2 has a scope there that opens none.
const char* const kOpening = R"(
version: 1
callers: [ann, bob]
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, paths: ["/ws/**"], websocket: true, callers: [ann] }
      - { host: api.example.test, paths: ["/v1/**"] }
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { header: x-api-key, format: "{secret}" }
    bindings:
      - { host: api.example.test }
)";

std::string asked(const std::string& fields,
                  const std::string& target = "/ws/x",
                  const std::string& caller = "ann",
                  Protocol protocol = Protocol::https) {
  const auto bindings = test::bindings_of(kOpening);
  const auto head = head_of(fields, "GET " + target + " HTTP/1.1");
  const Destination destination{protocol, {"api.example.test", 443, http::HostKind::name}};
  return shown(decide({head, head.target, destination, *bindings, caller}));
}

}  // namespace

TEST_CASE("HP-12 a WebSocket is let through where a binding opens one to this caller") {
  CHECK(asked(kAsk + kAuth) == "allowed/binding_matched");
  CHECK(asked(kAsk) == "pass/no_placeholder");
  CHECK(asked(kAsk, "/ws/x", "bob") == "refused/caller_not_allowed");
}

TEST_CASE("HP-01 HP-12 a WebSocket that no binding opens, or that is asked for badly, is refused") {
  CHECK(asked(kAsk + kAuth, "/v1/x") == "refused/upgrade_not_supported");
  CHECK(asked(kAsk, "/ws/..%2fv1") == "refused/upgrade_not_supported");
  CHECK(asked(kAsk, "/ws/x", "ann", Protocol::http) == "refused/upgrade_not_supported");
  CHECK(asked("Connection: Upgrade\r\nUpgrade: websocket\r\n") == "refused/upgrade_not_supported");
  CHECK(asked("Upgrade: WebSocket\r\n") == "refused/upgrade_not_supported");
  CHECK(asked(kAsk + "Upgrade: websocket\r\n") == "refused/upgrade_not_supported");
  CHECK(asked(kAsk + "Content-Length: 2\r\n") == "refused/upgrade_not_supported");
}

TEST_CASE("HP-01 an upgrade to anything else is no reason to refuse (RFC 9110 7.8)") {
  for (const char* protocol : {"h2c", "TLS/1.0", "websocket, h2c", "websocket/13", "", ","}) {
    INFO(protocol);
    const std::string fields =
        "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\nUpgrade: " +
        std::string(protocol) + "\r\n";
    CHECK(asked(fields, "/v1/x") == "pass/no_placeholder");
    CHECK(asked(fields + kAuth, "/v1/x") == "allowed/binding_matched");
  }
  CHECK(asked("Upgrade: h2c\r\n", "/v1/x", "ann", Protocol::http) == "pass/no_placeholder");
  CHECK(asked(kAsk + "Upgrade: h2c\r\n") == "pass/no_placeholder");
}

TEST_CASE("HP-12 a secret does not join a WebSocket that only another's binding opens", "[I5]") {
  CHECK(asked(kAsk + "x-api-key: " + std::string(kP2) + "\r\n") == "refused/upgrade_not_supported");
}

namespace {

// Several places of one secret, and several secrets of one request.
const char* const kPlaces = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject:
      - { header: x-api-key, format: "{secret}" }
      - { header: Authorization, format: "Bearer {secret}", bindings: [ { host: api.example.test, paths: ["/v1/**"] } ] }
      - { query: key, max_occurrences: 2 }
      - { path: "/v1/bot{secret}/**", max_occurrences: 2 }
      - { cookie: sid }
    bindings: [ { host: api.example.test, methods: [GET] } ]
  K2:
    placeholder: kswp_PLACEHOLDER_000000000002
    inject: { basic: password }
    together_with: [K3]
    bindings: [ { host: api.example.test } ]
  K3:
    placeholder: kswp_PLACEHOLDER_000000000003
    inject: [ { basic: user }, { header: x-user, format: "{secret}" } ]
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
  K4:
    placeholder: kswp_PLACEHOLDER_000000000004
    inject: [ { basic: user }, { query: key } ]
    bindings: [ { host: other.example.test } ]
)";

constexpr std::string_view kP3 = "kswp_PLACEHOLDER_000000000003";
constexpr std::string_view kP4 = "kswp_PLACEHOLDER_000000000004";

Verdict placed(const std::string& fields, const std::string& target = "/v1/x") {
  return judge(fields, "GET " + target + " HTTP/1.1", Protocol::https, kPlaces);
}

// "rule.place part begin-end", one after the other; or the reason.
std::string used(const Verdict& verdict) {
  if (verdict.decision != audit::Decision::allowed) {
    return shown(verdict);
  }
  std::string text;
  for (const Use& use : verdict.uses) {
    text += (text.empty() ? "" : ", ") + std::to_string(use.rule) + "." +
            std::to_string(use.place) + " " + std::to_string(use.spot->part) + " " +
            std::to_string(use.spot->begin) + "-" + std::to_string(use.spot->end);
  }
  return text;
}

std::string basic(const std::string& pair) {
  return "Authorization: Basic " + base::to_base64(pair) + "\r\n";
}

}  // namespace

TEST_CASE("one secret is swapped at the place that the client used, whichever that is", "[I5]") {
  const std::string p(kP);
  CHECK(used(placed("X-Api-Key: " + p + "\r\n")) == "0.0 1 0-29");
  CHECK(used(placed(kAuth)) == "0.1 1 0-36");
  CHECK(used(placed("", "/v1/x?key=" + p)) == "0.2 1 10-39");
  CHECK(used(placed("", "/v1/bot" + p + "/x")) == "0.3 1 7-36");
  CHECK(used(placed("Cookie: a=b; sid=" + p + "\r\n")) == "0.4 1 9-38");
  CHECK(used(placed("X-Other: " + p + "\r\n")) == "denied/untargeted_location");
}

TEST_CASE("a place with scopes of its own is judged by them, and the others by the secret's",
          "[I5]") {
  CHECK(used(placed(kAuth, "/v2/x")) == "denied/binding_scope_violation");
  CHECK(used(placed("X-Api-Key: " + std::string(kP) + "\r\n", "/v2/x")) == "0.0 1 0-29");
}

TEST_CASE("the path is judged with the placeholder in it, in every reading", "[I5]") {
  const std::string p(kP);
  CHECK(used(placed("", "/v1/bot" + p + "/a/../x")) == "0.3 1 7-36");
  CHECK(used(placed("", "/v1/bot" + p + "/../x")) == "denied/untargeted_location");
  CHECK(used(placed("", "/v2/../v1/bot" + p + "/x")) == "denied/untargeted_location");
  CHECK(used(placed("", "/v1/bot" + p)) == "denied/untargeted_location");
  CHECK(used(placed("", "/v1/b%6ft" + p + "/x")) == "denied/untargeted_location");
}

TEST_CASE("a second occurrence in the places of a secret is a refusal, if it may not be there",
          "[I9]") {
  const std::string p(kP);
  const std::string header = "X-Api-Key: " + p + "\r\n";
  CHECK(used(placed("X-Api-Key: " + p + " " + p + "\r\n")) ==
        "refused/duplicate_credential_header");
  CHECK(used(placed(header + kAuth)) == "refused/duplicate_credential_header");
  CHECK(used(placed(header, "/v1/x?key=" + p)) == "refused/duplicate_credential_header");
  CHECK(used(placed("", "/v1/x?key=" + p + "&key=" + p)) == "refused/ambiguous_placeholder_match");
  CHECK(used(placed("", "/v1/x?key=" + p + "&key=a")) == "refused/ambiguous_placeholder_match");
  // Both places say that there may be two.
  CHECK(used(placed("", "/v1/bot" + p + "/x?key=" + p)) == "0.2 1 43-72, 0.3 1 7-36");
  CHECK(used(placed("", "/v1/bot" + p + "/" + p + "?key=" + p)) ==
        "0.2 1 71-100, 0.3 1 7-36");  // the other one stands in no place
  // Elsewhere it may stand as often as it likes.
  CHECK(used(placed(header + "X-Other: " + p + p + "\r\n")) == "0.0 1 0-29");
}

TEST_CASE("D04 two secrets are swapped in one request where one of them names the other", "[I5]") {
  const std::string p2(kP2);
  const std::string p3(kP3);
  const Verdict both = placed(basic(p3 + ":" + p2));
  CHECK(used(both) == "1.0 1 30-59, 2.0 1 0-29");
  CHECK(both.rule == 1U);
  CHECK(places_of(both) == std::vector<PlaceOf>{{1, 0}, {2, 0}});
  CHECK(used(placed(basic("a:" + p2) + "X-User: " + p3 + "\r\n")) == "1.0 1 2-31, 2.1 2 0-29");
  // Both have to be in scope.
  CHECK(used(placed(basic(p3 + ":" + p2), "/v2/x")) == "refused/ambiguous_placeholder_match");
  // Neither names the other.
  CHECK(used(placed(basic("a:" + p2) + "X-Api-Key: " + std::string(kP) + "\r\n")) ==
        "refused/ambiguous_placeholder_match");
  CHECK(used(placed(basic(p3 + ":" + p2) + "X-Api-Key: " + std::string(kP) + "\r\n")) ==
        "refused/ambiguous_placeholder_match");
}

TEST_CASE("D05 a secret bound elsewhere is no second one, unless it stands in the same part",
          "[I2]") {
  const Verdict beside = placed(basic("a:" + std::string(kP2)), "/v1/x?key=" + std::string(kP4));
  CHECK(used(beside) == "1.0 1 2-31");
  REQUIRE(beside.others.size() == 1);
  CHECK(beside.others[0].reason == audit::Reason::destination_not_in_binding);
  CHECK(used(placed(basic(std::string(kP4) + ":" + std::string(kP2)))) ==
        "refused/ambiguous_placeholder_match");
}

TEST_CASE("what a request must carry, and does not, is a refusal where the rule is in scope") {
  const char* const yaml = R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: [ { header: x-api-key, format: "{secret}", require: true }, { query: key } ]
    bindings: [ { host: api.example.test, paths: ["/v1/**"] } ]
)";
  const auto judged = [&](const std::string& fields, const std::string& target, Protocol protocol) {
    return shown(judge(fields, "GET " + target + " HTTP/1.1", protocol, yaml));
  };
  const std::string p(kP);
  CHECK(judged("", "/v1/x", Protocol::https) == "refused/no_placeholder");
  CHECK(judged("X-Other: " + p + "\r\n", "/v1/x", Protocol::https) == "refused/no_placeholder");
  CHECK(judged("X-Api-Key: " + p + "\r\n", "/v1/x", Protocol::https) == "allowed/binding_matched");
  CHECK(judged("", "/v1/x?key=" + p, Protocol::https) == "allowed/binding_matched");
  CHECK(judged("", "/v2/x", Protocol::https) == "pass/no_placeholder");
  CHECK(judged("", "/v1/x", Protocol::http) == "pass/no_placeholder");
}

TEST_CASE("what a request must carry is asked for in every spelling that some server understands",
          "[I5]") {
  const auto judged = [&](const std::string& line, const std::string& fields) {
    return shown(judge(fields, line + " HTTP/1.1", Protocol::https, R"(
version: 1
secrets:
  K:
    placeholder: kswp_PLACEHOLDER_000000000001
    inject: { header: x-api-key, format: "{secret}", require: true }
    bindings: [ { host: api.example.test, methods: [GET], paths: ["/v1/**/x"] } ]
)"));
  };
  const std::string p = "X-Api-Key: " + std::string(kP) + "\r\n";
  std::string many;  // more readings than are judged
  for (int i = 0; i < 12; ++i) {
    many += "/%25252e%3b%5c%252f//;a/..";
  }
  for (const std::string& target : {std::string("/v1/a/x"),
                                    std::string("/./v1/a/x"),
                                    std::string("//v1/a/x"),
                                    std::string("/v2/../v1/a/x"),
                                    std::string("/v2/%2e%2e/v1/a/x"),
                                    std::string("/V1/a/X"),
                                    std::string("/v1/a/x/"),
                                    std::string("/v1/a/%78"),
                                    std::string("/v1/a/x;b"),
                                    "/v1" + many + "/y"}) {
    INFO(target);
    CHECK(judged("GET " + target, "") == "refused/no_placeholder");
  }
  CHECK(judged("POST /v1/a/x", "X-HTTP-Method-Override: GET\r\n") == "refused/no_placeholder");
  CHECK(judged("POST /v1/a/x?_method=get", "") == "refused/no_placeholder");
  CHECK(judged("POST /v1/a/x", "X-HTTP-Method-Override: ?\r\n") == "refused/no_placeholder");
  // What is in no reading in scope needs nothing; what is in scope in all is served with it.
  CHECK(judged("GET /v2/./a/x", "") == "pass/no_placeholder");
  CHECK(judged("POST /v1/a/x", "") == "pass/no_placeholder");
  CHECK(judged("GET /v1/a/x", p) == "allowed/binding_matched");
  // Not in all: it gets no secret, and goes nowhere without it.
  CHECK(judged("GET /v1/a/./x", p) == "allowed/binding_matched");
  CHECK(judged("GET /v2/../v1/a/x", p) == "refused/no_placeholder");
}

namespace {

std::string reversed(const std::string& inject,
                     const std::string& fields,
                     const std::string& target = "/v1/x") {
  const auto bindings = test::bindings_of(
      "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n    inject: " +
      inject + "\n    bindings: [ { host: api.example.test } ]\n");
  const auto head = head_of(fields);
  const Destination destination{Protocol::https, {"api.example.test", 443, http::HostKind::name}};
  const auto verdict = decide_reverse({head, target, destination, *bindings, ""}, {0, 0, target});
  return shown(verdict) + (verdict.uses.empty()        ? ""
                           : verdict.uses.front().spot ? " spot"
                                                       : " filled");
}

}  // namespace

TEST_CASE("a reverse route fills the first place, or the spot in it where the placeholder stands") {
  const std::string p(kP);
  const std::string header = "{ header: x-key, format: \"{secret}\"";
  CHECK(reversed(header + " }", "") == "allowed/binding_matched filled");
  CHECK(reversed("[ " + header + " }, { query: key } ]", "", "/v1/x?key=" + p) ==
        "allowed/binding_matched filled");
  CHECK(reversed(header + " }", "X-Key: a\r\nX-Key: " + p + "\r\n") ==
        "allowed/binding_matched filled");
  CHECK(reversed("{ query: key }", "") == "allowed/binding_matched filled");
  CHECK(reversed("{ query: key }", "", "/v1/x?key=" + p) == "allowed/binding_matched spot");
  CHECK(reversed("{ path: true }", "", "/v1/" + p) == "allowed/binding_matched spot");
  CHECK(reversed("{ path: true }", "") == "refused/untargeted_location");
  CHECK(reversed("{ path: true }", "", "/" + p + "/" + p) == "refused/ambiguous_placeholder_match");
}

TEST_CASE("on a reverse route a place that is there already may be a refusal") {
  const std::string header = "{ header: x-key, format: \"{secret}\", on_existing: fail }";
  CHECK(reversed(header, "") == "allowed/binding_matched filled");
  CHECK(reversed(header, "X-Key: " + std::string(kP) + "\r\n") == "allowed/binding_matched filled");
  CHECK(reversed(header, "X-Key: a\r\n") == "refused/duplicate_credential_header");
  const std::string own = "X-Key: " + std::string(kP) + "\r\n";
  for (const auto& two : {own + "X-Key: a\r\n", "X-Key: a\r\n" + own, own + own}) {
    INFO(two);
    CHECK(reversed(header, two) == "refused/duplicate_credential_header");
  }
  CHECK(reversed("{ query: key, on_existing: fail }", "", "/v1/x?key=a") ==
        "refused/duplicate_credential_header");
  CHECK(reversed("{ query: key }", "", "/v1/x?key=a") == "allowed/binding_matched filled");
}

}  // namespace keyswap::flow
