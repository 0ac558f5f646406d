// SPDX-License-Identifier: Apache-2.0
//
// What `bindings explain` says of a request is what the machine does with it: random requests are
// explained, and sent through flow::Exchange as a client sends them.
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/cli/explain_request.h"
#include "proxy/flow/caller.h"
#include "test/support/fake_venue.h"
#include "test/support/script.h"

namespace keyswap::cli {

namespace {

using Bindings = std::shared_ptr<const bindings::Bindings>;

constexpr std::string_view kPlain = R"(version: 1
callers: [ann, bob]
allow_wildcard_hosts: true
secrets:
  K:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.test, methods: [GET, POST], paths: ["/v1/**", "/a/*/b"] }
      - { host: "*.example.test", paths: ["/w/**"], blocked: ["* *secret*", "DELETE /w/*"] }
  K2:
    placeholder: "sk-other-PLACEHOLDER-01HXY12345678"
    inject: { header: X-Api-Key, format: "{secret}" }
    bindings:
      - { host: api.example.test, methods: [DELETE], blocked: ["DELETE /v1/keys/*"] }
      - { host: b.example.test }
      - { host: w.example.test, callers: [ann] }
)";

std::string pick(std::mt19937& random, const std::vector<std::string>& from) {
  return from[random() % from.size()];
}

std::string random_path(std::mt19937& random) {
  std::string path;
  const std::size_t count = 1 + random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    path += pick(random, {"/v1",     "/v1", "/a",  "/b",      "/w",    "/w",  "/keys", "/x",
                          "/",       "/..", "/.",  "/%2e%2e", "/%2e",  "%2f", ";p",    "/%73ecret",
                          "/Secret", "%5c", "%3f", "%ff",     "%252e", "/"});
  }
  if (random() % 4 == 0) {
    path += pick(random, {"?q=1", "?_method=DELETE", "?_method=GET", "?_method=?", "?", "?a/../b"});
  }
  return path.starts_with('/') ? path : "/" + path;
}

// As a client sends it, with the secret's placeholder (null: with none), to the machine that the
// tunnel's requests go to. "allowed binding_matched", "refused endpoint_blocked", ...
std::string decision_of(const Bindings& bindings,
                        const RequestToExplain& request,
                        const bindings::SecretRule* rule,
                        const std::string& caller) {
  if (const auto reason =
          flow::check_proxy_caller(caller, {.number = {}, .is_own = true}, *bindings)) {
    return "refused " + std::string(audit::to_string(*reason));
  }
  const flow::Destination destination{flow::Protocol::https, request.destination, {}};
  test::Script script(bindings, destination, {nullptr, nullptr, caller, nullptr});
  script.answers_records = false;
  std::string text =
      request.method + " " + request.target + " HTTP/1.1\r\nHost: " + request.destination.host;
  if (rule != nullptr) {
    text += "\r\n" + std::string(rule->placement().name()) + ": " + rule->placeholder;
  }
  script.client(text + "\r\n\r\n");
  const std::string transcript = script.transcript();
  const auto begin = transcript.find("record ");
  REQUIRE(begin != std::string::npos);
  const auto reason = transcript.find(' ', begin + 7) + 1;
  return transcript.substr(begin + 7, transcript.find_first_of(" \n", reason) - begin - 7);
}

// Is a secret swapped in?
bool must_agree(const Bindings& bindings,
                const RequestToExplain& request,
                const std::string& caller) {
  const auto explained = explain_request(*bindings, request, caller);
  INFO(request.method << " " << request.destination.host << request.target << " as " << caller);
  const auto without = decision_of(bindings, request, nullptr, caller);
  CHECK((explained.refusal.empty() ? "pass no_placeholder" : "refused " + explained.refusal) ==
        without);
  for (std::size_t i = 0; i < bindings->rules.size(); ++i) {
    const auto& verdict = explained.secrets[i];
    INFO(verdict.secret << ": " << verdict.reason << ", " << verdict.why);
    const auto decision = decision_of(bindings, request, &bindings->rules[i], caller);
    CHECK(verdict.is_swapped == decision.starts_with("allowed "));
    if (explained.refusal.empty()) {
      CHECK(decision.substr(decision.find(' ') + 1) == verdict.reason);
    }
  }
  return explained.is_any_swapped;
}

}  // namespace

TEST_CASE("explain says of random requests what the proxy does with them", "[I2][I5]") {
  std::mt19937 random(8);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto bindings = test::bindings_of(kPlain);
  int swapped = 0;
  int others = 0;
  for (int i = 0; i < 3000; ++i) {
    RequestToExplain request;
    const auto host =
        pick(random, {"api.example.test", "api.example.test", "w.example.test", "b.example.test"});
    auto parsed = parse_request(pick(random, {"GET", "POST", "DELETE", "get", "BREW", "TRACE"}),
                                "https://" + host + random_path(random));
    if (parsed) {
      const bool is_swapped =
          must_agree(bindings, parsed.value(), pick(random, {"", "ann", "bob"}));
      swapped += is_swapped ? 1 : 0;
      others += is_swapped ? 0 : 1;
    }
  }
  CHECK(swapped > 200);
  CHECK(others > 1000);
}

TEST_CASE("explain says of a venue's endpoints what the proxy does with them", "[I5]") {
  std::mt19937 random(9);  // NOLINT(cert-msc51-cpp): the same cases every time
  const auto bindings = test::bindings_of(
      "version: 1\nsecrets:\n  B:\n    placeholder: BINANCE_PLACEHOLDER_000000001\n"
      "    inject: { type: binance, api_key: K, api_secret: K2 }\n"
      "    bindings: [ { host: api.binance.com, endpoints: [\"POST /sapi/v1/asset/transfer\"] } "
      "]\n");
  int swapped = 0;
  for (int i = 0; i < 500; ++i) {
    const auto path = pick(random,
                           {"/api/v3/account",
                            "/api/v3/order",
                            "/sapi/v1/asset/transfer",
                            "/sapi/v1/capital/withdraw/apply",
                            "/sapi/v1/new",
                            "/api/v3/../v3/order",
                            "/sapi/v1/%63apital/withdraw/apply",
                            "/API/v3/account",
                            "/api/v3/time"});
    auto request =
        parse_request(pick(random, {"GET", "POST", "DELETE"}), "https://api.binance.com" + path);
    REQUIRE(request);
    const auto verdict = explain_request(*bindings, request.value()).secrets.at(0);
    INFO(request.value().method << " " << path << ": " << verdict.why);
    const auto decision = decision_of(bindings, request.value(), bindings->rules.data(), "");
    // What the parameters are is another question: they are not known here.
    CHECK(verdict.is_swapped == (decision != "refused endpoint_blocked"));
    swapped += verdict.is_swapped ? 1 : 0;
  }
  CHECK(swapped > 50);
}

TEST_CASE("a reverse route is explained by where it leads", "[I12]") {
  auto parsed = bindings::parse(R"(version: 1
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.com, paths: ["/v1/**"], route: example }
custom:
  gh: { base_url: https://git.example.com/v2, credential: GH, blocked_endpoints: ["DELETE /repos/*"] }
)",
                                "/",
                                bindings::all_venues());
  for (const auto& error : parsed.errors) {
    UNSCOPED_INFO(error.text);
  }
  REQUIRE(parsed.errors.empty());
  const auto of = [&](const std::string& method, const std::string& path) {
    auto request = parse_request(method, "http://127.0.0.1:8472" + path);
    REQUIRE(request);
    return explain_request(parsed.bindings, request.value());
  };
  const auto custom = of("GET", "/custom/gh/repos/a");
  CHECK(custom.is_any_swapped);
  CHECK(custom.handling == "by its route: sent to https://git.example.com");
  CHECK(custom.secrets[1].is_swapped);
  CHECK(custom.secrets[1].caller == kAnyCaller);
  CHECK(custom.secrets[0].why == "the route does not stand for it");
  CHECK(of("DELETE", "/custom/gh/repos/a").refusal == "endpoint_blocked");
  CHECK(of("GET", "/proxy/example/v1/x").secrets[0].is_swapped);
  CHECK(of("GET", "/proxy/example/v2/x").refusal == "binding_scope_violation");
  CHECK(of("GET", "/custom/other/x").handling.find("nothing here has this route") !=
        std::string::npos);
  // Everybody has to say who they are there.
  auto request = parse_request("GET", "http://localhost:8472/custom/gh/x");
  REQUIRE(request);
  CHECK(explain_request(parsed.bindings, request.value(), "").refusal == "caller_required");
  CHECK(explain_request(parsed.bindings, request.value(), "ann").is_any_swapped);
  // Elsewhere it is a path like any other.
  auto elsewhere = parse_request("GET", "http://example.org/custom/gh/x");
  REQUIRE(elsewhere);
  CHECK(explain_request(parsed.bindings, elsewhere.value()).handling.starts_with("plain http"));
}

TEST_CASE("of a secret for some callers explain says for whom, or that it is not for this one") {
  const auto bindings = test::bindings_of(kPlain);
  auto request = parse_request("GET", "https://w.example.test/x");
  REQUIRE(request);
  const auto anybody = explain_request(*bindings, request.value()).secrets.at(1);
  CHECK(anybody.is_swapped);
  CHECK(anybody.caller == "ann");
  CHECK(explain_request(*bindings, request.value(), "ann").secrets.at(1).is_swapped);
  const auto bob = explain_request(*bindings, request.value(), "bob").secrets.at(1);
  CHECK(bob.reason == "caller_not_allowed");
  CHECK_FALSE(bob.is_swapped);
}

TEST_CASE("plain http to a bound host is told to use https", "[I5]") {
  const auto bindings = test::bindings_of(kPlain);
  auto request = parse_request("GET", "http://api.example.test/v1/x?a=1");
  REQUIRE(request);
  const auto verdict = explain_request(*bindings, request.value()).secrets.at(0);
  CHECK(verdict.reason == "insecure_scheme");
  CHECK(verdict.why ==
        "a secret never leaves over plain http: use https://api.example.test/v1/x?a=1");
}

}  // namespace keyswap::cli
