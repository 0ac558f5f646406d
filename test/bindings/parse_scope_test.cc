// SPDX-License-Identifier: Apache-2.0
//
// An entry of a secret's `bindings:` (bindings/parse_scope.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"

namespace keyswap::bindings {

using test::accepted;
using test::at_host;
using test::errors_of;
using test::warnings_of;
using test::with_binding;

namespace {

const std::string kWildcards = "allow_wildcard_hosts: true\n";

std::string host(const std::string& text) {
  return with_binding("{ host: \"" + text + "\" }", kWildcards);
}

std::string scope(const std::string& rest) {
  return with_binding("{ host: a.example.com, " + rest + " }");
}

}  // namespace

TEST_CASE("I11 empty lists of methods and paths are refused") {
  CHECK(errors_of(scope("methods: []")).find("`methods` is an empty list") != std::string::npos);
  CHECK(errors_of(scope("paths: []")).find("leave the key out if you mean any") !=
        std::string::npos);
  CHECK(errors_of(scope("methods:")).find("`methods` must be a list") != std::string::npos);
  CHECK(errors_of(scope("methods: GET")).find("put it in brackets") != std::string::npos);
}

TEST_CASE("methods in wide use are written in any case, others as they are") {
  CHECK(accepted(scope("methods: [get, Post, M-SEARCH]")).rules[0].scopes[0].methods ==
        std::vector<std::string>{"GET", "POST", "M-SEARCH"});
  CHECK(errors_of(scope("methods: [\"*\"]")).find("leave `methods` out if you mean any") !=
        std::string::npos);
  CHECK(errors_of(scope("methods: [TRACE]")).find("TRACE never carries a secret") !=
        std::string::npos);
  CHECK_FALSE(errors_of(scope("methods: [CONNECT]")).empty());
  CHECK_FALSE(errors_of(scope("methods: [track]")).empty());
  CHECK_FALSE(errors_of(scope("methods: [PRI]")).empty());
  CHECK_FALSE(errors_of(scope("methods: [" + std::string(65, 'A') + "]")).empty());
  const std::string rare = "methods: [LIST, query, PURGE, BREW, x-Own]";
  CHECK(accepted(scope(rare)).rules[0].scopes[0].methods ==
        std::vector<std::string>{"LIST", "QUERY", "PURGE", "BREW", "x-Own"});
  CHECK(warnings_of(scope("methods: [LIST, query, PURGE]")).empty());
  CHECK(warnings_of(scope("methods: [x-Own]")).find("its case matters") != std::string::npos);
  CHECK(warnings_of(scope("methods: [PSOT]")).find("did you mean POST?") != std::string::npos);
  CHECK_FALSE(errors_of(scope("methods: [\"G ET\"]")).empty());
  CHECK(warnings_of(scope("methods: [GET, get]")).find("GET is listed twice") != std::string::npos);
}

TEST_CASE("I13 a path must begin with a slash") {
  CHECK(errors_of(scope("paths: [repos/*]")).find("a path must begin with '/'") !=
        std::string::npos);
  CHECK_FALSE(errors_of(scope("paths: [\"/a b\"]")).empty());
  CHECK_FALSE(errors_of(scope("paths: [\"/\xC3\xBC\"]")).empty());
  CHECK_FALSE(errors_of(scope("paths: [/" + std::string(512, 'a') + "]")).empty());
  CHECK(errors_of(scope("paths: [/" + std::string(511, 'a') + "]")).empty());
}

TEST_CASE("a path that can never match is warned of") {
  const auto* const path =
      GENERATE("/a%20b", "/a;b", "/a//b", "/a/../b", "/a/./b", "/a\\\\b", "/a?b", "/a#b");
  INFO(path);
  CHECK(warnings_of(scope("paths: [\"" + std::string(path) + "\"]"))
            .find("this path never matches") != std::string::npos);
}

TEST_CASE("paths with stars and dots in names are not warned of") {
  CHECK(warnings_of(scope("paths: [/**, /a.b/*.json, /.well-known/**]")).empty());
}

TEST_CASE("I14 hosts that are none, or too wide, are refused") {
  const auto* const text = GENERATE("",
                                    "*",
                                    "*.com",
                                    "a.*.com",
                                    "*.",
                                    "*.*.example.com",
                                    "**.example.com",
                                    "*example.com",
                                    "http://x",
                                    "x/y",
                                    "x:",
                                    "x:0",
                                    "x:99999",
                                    "x:44a",
                                    "user@x",
                                    "a b",
                                    ".example.com",
                                    "a..b",
                                    "*.192.0.2.1",
                                    "*.[2001:db8::1]",
                                    "2001:db8::1",
                                    "0x7f.1",
                                    "127.1",
                                    "-\xC3\xBC.example");
  INFO(text);
  CHECK_FALSE(errors_of(host(text)).empty());
}

TEST_CASE("I14 a host may be written with its port") {
  CHECK(accepted(host("x:443")).rules[0].scopes[0].port == 443);
  CHECK(accepted(host("x.example:8443")).rules[0].scopes[0].port == 8443);
  CHECK(accepted(host("*.example.com:8443")).rules[0].scopes[0].port == 8443);
  CHECK(accepted(scope("port: 8443")).rules[0].scopes[0].port == 8443);
  CHECK(errors_of(with_binding("{ host: \"x:8443\", port: 8443 }")).empty());
  CHECK(errors_of(with_binding("{ host: \"x:8443\", port: 443 }")).find("differ") !=
        std::string::npos);
  CHECK_FALSE(errors_of(scope("port: 0")).empty());
  CHECK_FALSE(errors_of(scope("port: 65536")).empty());
  CHECK_FALSE(errors_of(scope("port: \"443\"")).empty());
  CHECK_FALSE(errors_of(scope("port: 0443")).empty());
}

TEST_CASE("I15 a wildcard over a public suffix is refused even when wildcards are allowed") {
  const auto* const text = GENERATE("*.co.uk",
                                    "*.github.io",
                                    "*.s3.amazonaws.com",
                                    "*.CO.UK",
                                    "*.com.",
                                    "*.herokuapp.com",
                                    "*.workers.dev",
                                    "*.xn--fiqs8s");
  INFO(text);
  CHECK(errors_of(host(text)).find("public suffix") != std::string::npos);
}

TEST_CASE("a wildcard needs `allow_wildcard_hosts`, and the error says so") {
  CHECK(errors_of(with_binding("{ host: \"*.example.com\" }"))
            .find("'*.example.com' is a wildcard | set "
                  "`allow_wildcard_hosts: true`") != std::string::npos);
  CHECK(accepted(host("*.example.com")).rules[0].scopes[0].host.is_wildcard);
}

TEST_CASE("I32 subdomains pin a wildcard to named hosts, in any case") {
  const auto bindings = accepted(with_binding(
      "{ host: \"*.jfrog.io\", port: 8443, subdomains: [MyCompany, my-staging] }", kWildcards));
  CHECK(bindings.binds(at_host("mycompany.jfrog.io", 8443)));
  CHECK(bindings.binds(at_host("my-staging.jfrog.io", 8443)));
  CHECK_FALSE(bindings.binds(at_host("evil.jfrog.io", 8443)));
}

TEST_CASE("subdomains need a wildcard and single labels") {
  CHECK(errors_of(scope("subdomains: [a]")).find("needs a wildcard") != std::string::npos);
  const auto* const list = GENERATE("[]", "[a.b]", "[\"*\"]", "[\"\"]", "[\"a b\"]", "a", "[-a-.]");
  INFO(list);
  CHECK_FALSE(
      errors_of(with_binding("{ host: \"*.jfrog.io\", subdomains: " + std::string(list) + " }",
                             kWildcards))
          .empty());
}

TEST_CASE("B39 an international host becomes its A-labels") {
  CHECK(accepted(host("b\xC3\xBC"
                      "cher.example"))
            .rules[0]
            .scopes[0]
            .host.host == "xn--bcher-kva.example");
  CHECK(accepted(host("B\xC3\x9C"
                      "CHER.example:8443"))
            .rules[0]
            .scopes[0]
            .host.host == "xn--bcher-kva.example");
  CHECK(accepted(host("*.b\xC3\xBC"
                      "cher.example"))
            .rules[0]
            .scopes[0]
            .host.host == "xn--bcher-kva.example");
}

TEST_CASE("address ranges are written with their prefix and nothing after it", "[I12]") {
  const auto* const good =
      GENERATE("10.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "\"fd00::/8\"", "\"::1\"", "10.1.2.3/32");
  CHECK(errors_of(scope("allow_addresses: [" + std::string(good) + "]")).empty());
  const auto* const bad = GENERATE("10.0.0.1/8",
                                   "10.0.0.0/33",
                                   "10.0.0.0/",
                                   "10.0.0.0/08",
                                   "10.0.0.0/-1",
                                   "10.0.0",
                                   "localhost",
                                   "\"fd00::1/8\"",
                                   "\"fd00::/129\"",
                                   "\"[::1]\"",
                                   "\"\"");
  INFO(bad);
  CHECK_FALSE(errors_of(scope("allow_addresses: [" + std::string(bad) + "]")).empty());
}

TEST_CASE("a binding needs a host") {
  CHECK(errors_of(with_binding("{ methods: [GET] }")).find("`host` is missing in `bindings`") !=
        std::string::npos);
  CHECK_FALSE(errors_of(with_binding("api.example.com")).empty());
}

TEST_CASE("WebSockets are opened where the binding says so, by GET") {
  const auto is_opened = [](const std::string& keys) {
    return accepted(scope(keys)).rules[0].scopes[0].websocket;
  };
  CHECK(is_opened("websocket: true"));
  CHECK(is_opened("websocket: true, methods: [POST, GET]"));
  CHECK_FALSE(is_opened("websocket: false"));
  CHECK_FALSE(is_opened("methods: [GET]"));
  CHECK(errors_of(scope("websocket: true, methods: [POST]")).find("needs GET in `methods`") !=
        std::string::npos);
  const auto* const bad = GENERATE("yes", "1", "\"\"", "[true]");
  CHECK_FALSE(errors_of(scope("websocket: " + std::string(bad))).empty());
}

TEST_CASE("text messages carry a secret where the binding says so, and opens WebSockets") {
  const auto on = accepted(scope("websocket: true, ws_text: true"));
  const SecretRule& rule = on.rules[0];
  CHECK(rule.scopes[0].ws_text);
  REQUIRE(rule.message_place == 1U);
  CHECK(rule.places.at(1).scheme() == "ws_text");
  CHECK(rule.places.at(1).injection->needs() == rule.places.at(0).injection->needs());
  CHECK(rule.places.at(1).occurrences_max == 1);
  const auto off = accepted(scope("websocket: true, ws_text: false"));
  CHECK_FALSE(off.rules[0].message_place);
  CHECK(off.rules[0].places.size() == 1);

  const auto says = [](const std::string& yaml, const std::string& part) {
    INFO(errors_of(yaml));
    CHECK(errors_of(yaml).find(part) != std::string::npos);
  };
  says(scope("ws_text: true"), "`ws_text: true` needs `websocket: true` beside it");
  says(scope("websocket: false, ws_text: true"), "needs `websocket: true`");
  says(scope("websocket: true, ws_text: yes"), "ws_text");
}

TEST_CASE("what is no secret by itself is put into no message") {
  const std::string opened = "[ { host: a.example.com, websocket: true, ws_text: true } ]\n";
  const auto with = [&](const std::string& rest) {
    return errors_of(test::one_secret("    placeholder: \"" + test::kPlaceholder + "\"\n" + rest +
                                      "    bindings: " + opened));
  };
  CHECK(with("    inject: { type: hmac, header: X-Sign, template: \"{body}\" }\n")
            .find("`ws_text` is not for `inject.type` hmac") != std::string::npos);
  CHECK(with("    inject: { header: a, template: \"{{ X + Y }}\" }\n    compose: [X, Y]\n")
            .find("`ws_text` of an entry of `bindings` puts one secret into messages") !=
        std::string::npos);
  CHECK(with("    inject: { body: text }\n").empty());
  // A place with bindings of its own opens its own WebSockets.
  const auto own = accepted(test::one_secret(
      "    placeholder: \"" + test::kPlaceholder +
      "\"\n    inject: { header: a, format: \"{secret}\", max_occurrences: 2, bindings: " + opened +
      "    }\n"));
  REQUIRE(own.rules[0].message_place == 1U);
  CHECK(own.rules[0].places.at(1).occurrences_max == 2);
}

}  // namespace keyswap::bindings
