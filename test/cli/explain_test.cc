// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/cli/explain_request.h"
#include "proxy/cli/policy.h"
#include "test/support/fake_venue.h"
#include "vault/source_kind.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kYaml = R"(version: 1
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: api.example.com, methods: [POST], paths: ["/v1/**"] }
  OTHER:
    placeholder: "sk-other-PLACEHOLDER-01HXY12345678"
    inject: { header: X-Api-Key, format: "{secret}" }
    bindings:
      - { host: other.example.com, port: 8443 }
)";

constexpr vault::BackendKind kNoted{.name = "noted", .has_notes = true};
constexpr std::array<const vault::BackendKind*, 1> kNotedKinds = {&kNoted};

bindings::Bindings some_bindings(const std::string& more = "") {
  auto parsed = bindings::parse(std::string(kYaml) + more, "/", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  return std::move(parsed.bindings);
}

Explanation explain_url(const bindings::Bindings& bindings,
                        const std::string& method,
                        const std::string& url) {
  auto request = parse_request(method, url);
  REQUIRE(request);
  return explain_request(bindings, request.value());
}

}  // namespace

TEST_CASE("a request in scope is explained by its binding, header and scheme") {
  const Explanation explanation =
      explain_url(some_bindings(), "POST", "https://API.example.com/v1/x?q=1");
  CHECK(explanation.is_any_swapped);
  CHECK(explanation.handling == "decrypted: the host is in a binding");
  REQUIRE(explanation.secrets.size() == 2);
  CHECK(explanation.secrets[0].is_swapped);
  CHECK(explanation.secrets[0].reason == "binding_matched");
  CHECK(explanation.secrets[0].scope == "api.example.com, POST, /v1/**");
  CHECK(explanation.secrets[0].header == "authorization");
  CHECK(explanation.secrets[1].reason == "destination_not_in_binding");
}

TEST_CASE("what is captured of the answer is explained, and the host as one that is decrypted") {
  const auto bindings = some_bindings(
      "  LOGIN:\n    placeholder: \"sk-login-PLACEHOLDER-01HXY12345678\"\n"
      "    inject: { header: X-Login, format: \"{secret}\" }\n"
      "    bindings: [ { host: api.example.com } ]\n"
      "    capture: [ { host: login.example.com, paths: [/token], json_pointer: /token } ]\n");
  const Explanation login = explain_url(bindings, "POST", "https://login.example.com/token");
  CHECK(login.captured == std::vector<std::string>{"LOGIN"});
  CHECK(login.handling == "decrypted: the host is in a binding");
  CHECK_FALSE(login.is_any_swapped);
  CHECK(explain_url(bindings, "POST", "https://login.example.com/else").captured.empty());
  CHECK(explain_url(bindings, "POST", "https://api.example.com/token").captured.empty());
}

TEST_CASE("a honeytoken is explained as what it is, and swapped in nowhere") {
  const auto bindings = some_bindings(
      "  BAIT: { honeytoken: true, placeholder: \"sk-PLACEHOLDER-laid-out-for-nobody\" }\n");
  for (const char* url :
       {"https://api.example.com/v1/x", "http://api.example.com/", "https://x.test/"}) {
    const auto explanation = explain_url(bindings, "POST", url);
    REQUIRE(explanation.secrets.size() == 3);
    CHECK_FALSE(explanation.secrets[2].is_swapped);
    CHECK(explanation.secrets[2].secret == "BAIT");
    CHECK(explanation.secrets[2].why.find("whoever sends it raises an alert") != std::string::npos);
  }
  CHECK(describe_rules(bindings) == "2 secrets, 1 honeytoken");
}

TEST_CASE("a method that the query names is explained as the proxy judges it") {
  const auto bindings = some_bindings();
  const auto verdict_of = [&](const std::string& query) {
    return explain_url(bindings, "POST", "https://api.example.com/v1/x?" + query).secrets[0];
  };
  CHECK(verdict_of("_method=POST").is_swapped);
  CHECK(verdict_of("method=DELETE").is_swapped);
  const auto other = verdict_of("a=1&_method=delete");
  CHECK_FALSE(other.is_swapped);
  CHECK(other.reason == "binding_scope_violation");
  CHECK(other.why.find("the query names another method (_method=DELETE)") != std::string::npos);
  CHECK(verdict_of("_method=").why.find("is no method") != std::string::npos);
}

TEST_CASE("a path in every reading is explained as the proxy judges it") {
  const auto bindings = some_bindings();
  for (const std::string path : {"/v1/%ff", "/v1/%c0%ae%c0%ae/x", "/v1/..%3fx", "/v1/..%2523"}) {
    INFO(path);
    const auto verdict = explain_url(bindings, "POST", "https://api.example.com" + path).secrets[0];
    CHECK(verdict.reason == "binding_scope_violation");
    CHECK(verdict.why.find("in every reading") != std::string::npos);
  }
  CHECK(explain_url(bindings, "POST", "https://api.example.com/v1/what%3f").is_any_swapped);
}

TEST_CASE("a request out of scope is told which part does not match") {
  const auto bindings = some_bindings();
  const auto why = [&](const std::string& method, const std::string& url) {
    const auto verdict = explain_url(bindings, method, url).secrets[0];
    CHECK_FALSE(verdict.is_swapped);
    CHECK(verdict.reason == "binding_scope_violation");
    return verdict.why;
  };
  CHECK(why("GET", "https://api.example.com/v1/x").ends_with("the method is not among them"));
  CHECK(why("POST", "https://api.example.com/v2/x").ends_with("no path matches"));
  CHECK(why("POST", "https://api.example.com/v1/../x")
            .ends_with("in every reading a server may give it"));
}

TEST_CASE("a method that the proxy answers 501 is explained so") {
  for (const char* method : {"TRACE", "CONNECT", "TRACK", "trace", "PRI"}) {
    INFO(method);
    const auto explanation = explain_url(some_bindings(), method, "https://api.example.com/v1/x");
    CHECK_FALSE(explanation.is_any_swapped);
    CHECK(explanation.handling.starts_with("refused with 501 method_not_supported"));
    REQUIRE(explanation.secrets.size() == 2);
    CHECK(explanation.secrets[0].reason == "method_not_supported");
  }
  for (const char* method : {"M-SEARCH", "BREW", "post"}) {
    const auto explanation = explain_url(some_bindings(), method, "https://api.example.com/v1/x");
    CHECK(explanation.handling == "decrypted: the host is in a binding");
    CHECK(explanation.secrets[0].why.ends_with("the method is not among them"));
  }
}

TEST_CASE("git's discovery is explained as the request for its service") {
  auto parsed = bindings::parse(R"(version: 1
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: git.example.com, paths: ["/**/git-upload-pack"] }
)",
                                "/",
                                bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const std::string discovery = "https://git.example.com/a/b.git/info/refs?service=";
  CHECK(explain_url(parsed.bindings, "GET", discovery + "git-upload-pack").is_any_swapped);
  CHECK_FALSE(explain_url(parsed.bindings, "GET", discovery + "git-receive-pack").is_any_swapped);
}

TEST_CASE("the policy deny is explained for plain http too") {
  const auto bindings = some_bindings("unmatched_destination_policy: deny\n");
  for (const char* url : {"http://else.example.com/", "https://else.example.com/"}) {
    const auto explanation = explain_url(bindings, "GET", url);
    CHECK(explanation.handling.starts_with("refused with 403 unmatched_destination"));
    CHECK(explanation.refusal == "unmatched_destination");
  }
}

TEST_CASE("a destination that the proxy's guards block is explained so", "[I12]") {
  auto parsed = bindings::parse(R"(version: 1
upstream: { resolve: { "mapped.corp:443": "127.0.0.1:9443" } }
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject: { header: Authorization, format: "Bearer {secret}" }
    bindings:
      - { host: wiki.corp }
      - { host: mapped.corp }
      - { host: open.corp, allow_addresses: [10.0.0.0/8] }
      - { host: metadata.google.internal, allow_addresses: [10.0.0.0/8] }
)",
                                "/",
                                bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const auto of = [&](const std::string& host) {
    return explain_url(parsed.bindings, "GET", "https://" + host + "/");
  };
  for (const std::string host : {"wiki.corp", "metadata.google.internal"}) {
    INFO(host);
    CHECK(of(host).refusal == "address_blocked");
    CHECK(of(host).handling.starts_with("refused with 403 address_blocked: the name"));
    CHECK_FALSE(of(host).is_any_swapped);
    CHECK(of(host).secrets[0].reason == "address_blocked");
  }
  for (const std::string host : {"localhost", "127.0.0.1", "[::1]", "169.254.169.254"}) {
    INFO(host);
    CHECK(of(host).refusal == "address_blocked");
    CHECK(of(host).secrets[0].reason == "destination_not_in_binding");
  }
  CHECK(explain_url(parsed.bindings, "GET", "http://10.0.0.1/").refusal == "address_blocked");
  for (const std::string host : {"mapped.corp", "open.corp"}) {
    INFO(host);
    CHECK(of(host).refusal.empty());
    CHECK(of(host).is_any_swapped);
  }
  CHECK(of("8.8.8.8").refusal.empty());
}

TEST_CASE(
    "where notes alone say where secrets go, the file's are swapped nowhere, and explain says so") {
  const auto parsed = bindings::parse(
      "sources: { s: { type: noted } }\nbinding_source: notes\n"
      "notes_host_allowlist: [api.example.com]\n" +
          std::string(kYaml),
      "/",
      bindings::all_venues(),
      kNotedKinds);
  REQUIRE(parsed.errors.empty());
  const auto explanation = explain_url(parsed.bindings, "POST", "https://api.example.com/v1/x");
  CHECK_FALSE(explanation.is_any_swapped);
  for (const SecretVerdict& verdict : explanation.secrets) {
    CHECK(verdict.reason == "no_binding_in_notes");
    CHECK(verdict.why.find("its note alone says where it goes") != std::string::npos);
  }
}

TEST_CASE("another port is another destination") {
  CHECK(
      explain_url(some_bindings(), "POST", "https://api.example.com:8443/v1/x").secrets[0].reason ==
      "destination_not_in_binding");
  CHECK(
      explain_url(some_bindings(), "GET", "https://other.example.com:8443/").secrets[1].is_swapped);
}

TEST_CASE("[I5] plain http never gets a secret, and explain says so") {
  const Explanation explanation = explain_url(
      [] {
        auto parsed =
            bindings::parse(std::string(kYaml) + "      - { host: plain.example.com, port: 80 }\n",
                            "/",
                            bindings::all_venues());
        REQUIRE(parsed.errors.empty());
        return std::move(parsed.bindings);
      }(),
      "GET",
      "http://plain.example.com/");
  CHECK_FALSE(explanation.is_any_swapped);
  CHECK(explanation.secrets[1].reason == "insecure_scheme");
}

TEST_CASE("a host in no binding is tunnelled, refused or decrypted as the file says") {
  const std::string url = "https://unbound.example.com/";
  CHECK(explain_url(some_bindings(), "GET", url).handling.starts_with("tunnelled"));
  CHECK(explain_url(some_bindings("unmatched_destination_policy: deny\n"), "GET", url)
            .handling.starts_with("refused with 403"));
  CHECK(explain_url(some_bindings("tls_termination: all\n"), "GET", url)
            .handling.starts_with("decrypted"));
}

TEST_CASE("what the proxy would refuse cannot be explained") {
  CHECK_FALSE(parse_request("GET", "ftp://x/"));
  CHECK_FALSE(parse_request("GET", "https://u:p@x/"));
  CHECK_FALSE(parse_request("GET", "https://x/%zz"));
  CHECK_FALSE(parse_request("GET", "api.example.com"));
  CHECK_FALSE(parse_request("G T", "https://x/"));
  CHECK_FALSE(parse_request("", "https://x/"));
}

TEST_CASE("a URL with user information is told that, and does not show it", "[I1]") {
  auto refused = parse_request("GET", "https://joe:pass-word@api.example.com/v1");
  REQUIRE_FALSE(refused);
  CHECK(refused.failure().what.find("user information") != std::string::npos);
  CHECK(refused.failure().what.find("pass-word") == std::string::npos);
  CHECK(refused.failure().hint.find("basic: password") != std::string::npos);
  // An @ elsewhere is none.
  auto other = parse_request("GET", "ftp://api.example.com/@me");
  REQUIRE_FALSE(other);
  CHECK(other.failure().what.find("user information") == std::string::npos);
}

TEST_CASE("AD-03 an error of the file is shown with its place and what to do") {
  CHECK(format_issue("b.yaml", "error", {3, 7, "unknown key", "remove it"}) ==
        "b.yaml:3:7: error: unknown key\n  remove it");
  CHECK(format_issue("b.yaml", "warning", {0, 0, "odd", ""}) == "b.yaml: warning: odd");
}

TEST_CASE("of Binance it says the list of the host and the tier of the endpoint") {
  const std::string yaml = R"(
version: 1
secrets:
  B:
    placeholder: BINANCE_PLACEHOLDER_000000001
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings: [ { hosts: binance.spot, endpoints: ["POST /sapi/v1/asset/transfer"] } ]
)";
  auto parsed = bindings::parse(yaml, "/nowhere", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const auto of = [&](const std::string& method, const std::string& path) {
    auto request = parse_request(method, "https://api.binance.com" + path);
    REQUIRE(request);
    return explain_request(parsed.bindings, request.value()).secrets.at(0);
  };
  const auto order = of("POST", "/api/v3/order");
  CHECK(order.is_swapped);
  CHECK(order.why.find("one of binance.spot") != std::string::npos);
  CHECK(order.why.find("tier 3 (spot and margin)") != std::string::npos);
  CHECK(of("POST", "/sapi/v1/asset/transfer").is_swapped);
  for (const auto* const path :
       {"/sapi/v1/capital/withdraw/apply", "/sapi/v1/futures/transfer", "/sapi/v1/something/new"}) {
    CHECK_FALSE(of("POST", path).is_swapped);
    CHECK(of("POST", path).reason == "endpoint_blocked");
  }
  CHECK(of("POST", "/sapi/v1/futures/transfer").why.find("tier 2") != std::string::npos);
}

TEST_CASE("of any venue it says what the venue does") {
  auto parsed = bindings::parse(
      test::bazaar_yaml("{ hosts: bazaar.stalls, symbols: [RUG] }"), "/", test::bazaar_alone());
  REQUIRE(parsed.errors.empty());
  const auto explained = explain_url(parsed.bindings, "POST", "https://b.bazaar.test/order");
  REQUIRE(explained.secrets.size() == 1);
  CHECK(explained.secrets[0].why.find("; the host is one of bazaar.stalls; the endpoint takes "
                                      "orders") != std::string::npos);
}

TEST_CASE("of a WebSocket it says that its messages are judged") {
  const std::string yaml = R"(
version: 1
secrets:
  B:
    placeholder: BINANCE_PLACEHOLDER_000000001
    inject: { type: binance, api_key: BK, api_secret: BS }
    bindings: [ { hosts: binance.spot, websocket: true } ]
)";
  auto parsed = bindings::parse(yaml, "/nowhere", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const auto of = [&](const std::string& method, const std::string& host) {
    auto request = parse_request(method, "https://" + host + "/ws-api/v3");
    REQUIRE(request);
    return explain_request(parsed.bindings, request.value()).secrets.at(0);
  };
  const auto opened = of("GET", "ws-api.binance.com:9443");
  CHECK(opened.is_swapped);
  CHECK(opened.why.find("in each message") != std::string::npos);
  CHECK(opened.scope.find("ws-api.binance.com:9443, any method, any path, WebSockets") !=
        std::string::npos);
  CHECK(of("POST", "ws-api.binance.com").reason == "endpoint_blocked");
  CHECK(of("GET", "api.binance.com").reason == "endpoint_blocked");
}

namespace {

constexpr std::string_view kPlaces = R"(version: 1
secrets:
  KEY:
    placeholder: "sk-proj-PLACEHOLDER-01HXY1234567890"
    inject:
      - { header: X-Api-Key, format: "{secret}", bindings: [ { host: api.example.com, paths: ["/v2/**"] } ] }
      - { query: key }
      - { basic: user }
      - { path: "/bot{secret}/**" }
      - { cookie: sid }
    bindings: [ { host: api.example.com, paths: ["/v1/**", "/bot*/**"] } ]
)";

Explanation explain_places(const std::string& url) {
  auto parsed = bindings::parse(kPlaces, "/", bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  auto request = parse_request("GET", url);
  REQUIRE(request);
  return explain_request(parsed.bindings, request.value());
}

std::string places_in(const Explanation& explanation) {
  std::string text;
  for (const PlaceVerdict& place : explanation.secrets[0].places) {
    text += place.place + ": " + (place.is_swapped ? "swapped" : place.reason) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("every place of a secret is explained, and the secret by the first that is swapped") {
  const auto first = explain_places("https://api.example.com/v1/x");
  CHECK(places_in(first) ==
        "header x-api-key: binding_scope_violation\nquery parameter key: swapped\n"
        "Basic credentials in the header authorization: swapped\n"
        "path /bot{secret}/**: no_placeholder\ncookie sid: swapped\n");
  CHECK(first.secrets[0].is_swapped);
  CHECK(first.secrets[0].place == "query parameter key");
  CHECK(first.secrets[0].why == "its placeholder in the query parameter key is replaced");
  CHECK(first.secrets[0].places[3].why == "its placeholder is not in the path /bot{secret}/**");
  const auto second = explain_places("https://api.example.com/v2/x");
  CHECK(second.secrets[0].place == "header x-api-key");
  CHECK(second.secrets[0].scope == "api.example.com, any method, /v2/**");
  CHECK(places_in(second).find("cookie sid: binding_scope_violation") != std::string::npos);
  const auto path =
      explain_places("https://api.example.com/botsk-proj-PLACEHOLDER-01HXY1234567890/getMe");
  CHECK(places_in(path).find("path /bot{secret}/**: swapped") != std::string::npos);
}

TEST_CASE("a request that must carry a secret is explained as refused without it") {
  auto parsed = bindings::parse(
      "secrets:\n  KEY:\n    placeholder: sk-proj-PLACEHOLDER-01HXY1234567890\n"
      "    inject: { header: A, format: \"{secret}\", require: true }\n"
      "    bindings: [ { host: api.example.com } ]\n",
      "/",
      bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const auto explanation = explain_url(parsed.bindings, "GET", "https://api.example.com/");
  CHECK(explanation.refusal == "no_placeholder");
  CHECK(explanation.handling == "refused with 403 no_placeholder: KEY has to be in it");
  CHECK(explanation.secrets[0].is_swapped);
}

TEST_CASE("of a WebSocket whose text messages carry a secret it says so, beside its other places") {
  auto parsed = bindings::parse(
      "callers: [ann, bob]\nsecrets:\n  KEY:\n    placeholder: "
      "sk-proj-PLACEHOLDER-01HXY1234567890\n"
      "    inject: { header: A, format: \"{secret}\" }\n    bindings:\n"
      "      - { host: gateway.example.com, paths: [\"/ws\"], websocket: true, ws_text: true,"
      " callers: [ann] }\n      - { host: gateway.example.com, websocket: true }\n",
      "/",
      bindings::all_venues());
  REQUIRE(parsed.errors.empty());
  const auto opened = explain_url(parsed.bindings, "GET", "https://gateway.example.com/ws");
  CHECK(places_in(opened) == "header a: swapped\ntext messages of a WebSocket: swapped\n");
  CHECK(opened.secrets[0].places[1].scope ==
        "gateway.example.com, any method, /ws, WebSockets and their text messages");
  CHECK(opened.secrets[0].places[1].why ==
        "on a WebSocket its placeholder is replaced in the client's text messages");
  const std::string shut = "text messages of a WebSocket: untargeted_location\n";
  for (const auto& [method, path] : {std::pair{"POST", "ws"}, std::pair{"GET", "other"}}) {
    const auto told =
        explain_url(parsed.bindings, method, std::string("https://gateway.example.com/") + path);
    CHECK(places_in(told).find(shut) != std::string::npos);
  }
  auto request = parse_request("GET", "https://gateway.example.com/ws");
  REQUIRE(request);
  const auto of_bob = explain_request(parsed.bindings, request.value(), "bob");
  CHECK(places_in(of_bob).find(shut) != std::string::npos);
  const auto elsewhere = explain_url(parsed.bindings, "GET", "https://example.com/ws");
  CHECK_FALSE(elsewhere.is_any_swapped);
}

}  // namespace keyswap::cli
