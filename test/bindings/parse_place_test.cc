// SPDX-License-Identifier: Apache-2.0
//
// `inject:` as a list, and the keys that every place has (bindings/parse_inject.cc,
// bindings/parse_place.cc).
#include <catch2/catch.hpp>

#include "test/bindings/support.h"
#include "test/support/fake_venue.h"
#include "test/support/text.h"

namespace keyswap::bindings {

using test::accepted;
using test::errors_of;
using test::with_inject;

namespace {

using keyswap::test::has;

std::string places_of(const SecretRule& rule) {
  std::string text;
  for (const auto& place : rule.places) {
    text += (text.empty() ? "" : ", ") + std::string(place.placement->kind()) + " " +
            std::string(place.placement->name());
  }
  return text;
}

std::string two(const std::string& first, const std::string& second, const std::string& rest) {
  return "secrets:\n  A:\n    placeholder: a-PLACEHOLDER-0123456789abcdef\n    inject: " + first +
         "\n    bindings: [ { host: a.b } ]\n" + rest +
         "  B:\n    placeholder: b-PLACEHOLDER-0123456789abcdef\n    inject: " + second +
         "\n    bindings: [ { host: a.b } ]\n";
}

const std::string kHeader = "{ header: X-Key, format: \"{secret}\" }";

}  // namespace

TEST_CASE("a secret has one place, or a list of them") {
  CHECK(places_of(accepted(with_inject(kHeader)).rules[0]) == "header x-key");
  const auto bindings = accepted(
      with_inject("[ { header: x-api-key, format: \"{secret}\" }, "
                  "{ header: Authorization, format: \"Bearer {secret}\", replace: token }, "
                  "{ basic: user }, { query: key }, { cookie: sid }, { path: true } ]"));
  CHECK(places_of(bindings.rules[0]) ==
        "header x-api-key, header authorization, basic authorization, query key, cookie sid, "
        "path ");
  CHECK(bindings.rules[0].needs().size() == 1);
  CHECK(has(errors_of(with_inject("[]")), "`inject` must have 1 to 8 entries"));
  std::string many = kHeader;
  for (int i = 0; i < 8; ++i) {
    many += ", " + kHeader;
  }
  CHECK(has(errors_of(with_inject("[ " + many + " ]")), "`inject` must have 1 to 8 entries"));
}

TEST_CASE("I27 the entries of a list are held to what one is, each at its place") {
  CHECK(has(errors_of(with_inject("[ " + kHeader + ", { query: key, replace: token } ]")),
            "`replace` is not for the placement `query`"));
  CHECK(has(errors_of(with_inject("{ query: key, cookie: sid }")),
            "`query` is not for the placement `cookie`"));
  CHECK(has(errors_of(with_inject("{ query: key, header: X-Key, format: \"{secret}\" }")),
            "`header` is not for the placement `query`"));
  CHECK(has(errors_of(with_inject("[ [ " + kHeader + " ] ]")), "must be a mapping"));
  CHECK(has(errors_of(with_inject("{ type: multi, injectors: [] }")),
            "write `inject` as a list, an entry a place"));
  CHECK(has(errors_of(with_inject("[ " + kHeader + ", { type: hmac, header: X, template: x } ]")),
            "a scheme that signs or mints must be the only entry"));
  CHECK(has(errors_of(with_inject("{ type: hmac, query: key, header: X, template: x }")),
            "'query' is no key of `inject`"));
}

TEST_CASE("the secret itself is what stands at a place that needs nothing around it") {
  for (const auto* const inject : {"{ basic: password }", "{ query: key }", "{ path: true }"}) {
    INFO(inject);
    const auto bindings = accepted(with_inject(inject));
    CHECK(test::render(bindings.rules[0], {"real"}).text == "real");
  }
  CHECK(test::render(accepted(with_inject("{ query: key, format: \"a{secret}\" }")).rules[0],
                     {"real"})
            .text == "areal");
  CHECK(has(errors_of(with_inject("{ header: X-Key }")), "neither `format` nor `template`"));
}

TEST_CASE("F03 the parts of compose are for the entries with a template") {
  const auto text = [](const std::string& inject) {
    return test::one_secret("    placeholder: " + test::kPlaceholder + "\n    inject: " + inject +
                            "\n    compose: [U, T]\n    bindings: [ { host: a.b } ]\n");
  };
  const auto bindings = accepted(
      text("[ { header: Authorization, template: \"Basic {{ (U + ':' + T) | b64encode }}\" }, "
           "{ query: key } ]"));
  CHECK(bindings.rules[0].places[0].injection->needs().size() == 2);
  CHECK(bindings.rules[0].places[1].injection->needs().size() == 1);
  CHECK(bindings.rules[0].needs().size() == 3);
  CHECK(has(errors_of(text("[ { query: key }, { cookie: sid } ]")),
            "`compose` needs a `template` in an entry of `inject`"));
}

TEST_CASE("a place may have scopes of its own, which count for it alone") {
  const auto bindings = accepted(
      with_inject("[ " + kHeader +
                  ", { query: key, bindings: [ { host: api.example.com, paths: [\"/q/**\"] }, "
                  "{ host: q.example.com } ] } ]"));
  const auto& rule = bindings.rules[0];
  REQUIRE(rule.scopes.size() == 3);
  CHECK_FALSE(rule.places[0].has_scopes);
  CHECK(rule.places[1].has_scopes);
  const auto match =
      [&](std::optional<std::uint32_t> place, const std::string& host, const std::string& path) {
        return bindings.match_scope(0, place, test::at_host(host), {"GET", path}).match;
      };
  CHECK(match(0, "api.example.com", "/a") == Match::matched);
  CHECK(match(1, "api.example.com", "/a") == Match::out_of_scope);
  CHECK(match(1, "api.example.com", "/q/a") == Match::matched);
  CHECK(match(0, "q.example.com", "/") == Match::other_destination);
  CHECK(match(1, "q.example.com", "/") == Match::matched);
  CHECK(match(std::nullopt, "q.example.com", "/") == Match::matched);
  CHECK(bindings.binds(test::at_host("q.example.com")));
}

TEST_CASE("the scopes of a place are held to what those of its secret are") {
  const auto own = [](const std::string& entry) {
    return "{ query: key, bindings: [ { host: api.example.com, " + entry + " } ] }";
  };
  const std::string both = "    placeholder: " + test::kPlaceholder + "\n    inject: [ ";
  const auto secret = [&](const std::string& places) {
    return test::one_secret(both + places + " ]\n");
  };
  // A key of trading, which would bound nothing.
  CHECK(has(errors_of(secret(own("daily_volume_usd: 100")), keyswap::test::bazaar_alone()),
            "`daily_volume_usd` is only for secrets with"));
  // A route leads to the first place, and so would never find these.
  CHECK(errors_of(secret(own("route: q"))).empty());
  CHECK(has(errors_of(secret(own("methods: [GET]") + ", " + own("route: q"))),
            "`route` is only for the first entry of `inject`"));
}

TEST_CASE("a WebSocket may be opened by the scopes of any place of a secret") {
  const auto bindings = accepted(
      with_inject("[ " + kHeader +
                  ", { query: key, bindings: [ { host: api.example.com, websocket: true } ] } ]"));
  const auto opened = bindings.websocket_scopes(test::at_host("api.example.com"), {"GET", "/"});
  REQUIRE(opened.size() == 1);
  CHECK(bindings.rules[0].scopes[opened[0].scope].place == 1U);
  // Of those of one place the first that matches decides, as ever.
  const auto first = accepted(
      test::with_binding("{ host: api.example.com }, { host: api.example.com, websocket: true }"));
  CHECK(first.websocket_scopes(test::at_host("api.example.com"), {"GET", "/"}).empty());
}

TEST_CASE("`bindings` of the secret are needed by places without their own, and by no others") {
  const std::string own = "{ query: key, bindings: [ { host: a.b } ] }";
  const std::string head = "    placeholder: " + test::kPlaceholder + "\n    inject: ";
  CHECK(accepted(test::one_secret(head + own + "\n")).rules[0].scopes.size() == 1);
  CHECK(has(errors_of(test::one_secret(head + "[ " + own + ", " + kHeader + " ]\n")),
            "`bindings` is missing"));
  CHECK(has(errors_of(with_inject(own)), "`bindings` counts for no place of this secret"));
  CHECK(has(errors_of(with_inject("{ query: key, bindings: [] }")), "`bindings`"));
}

TEST_CASE("the options of a place are read, and wrong ones are refused") {
  const auto rule =
      std::move(accepted(with_inject("{ header: X-Key, format: \"{secret}\", max_occurrences: 2, "
                                     "on_existing: fail, require: true, "
                                     "companions: { Anthropic-Version: \"2023-06-01\" } }"))
                    .rules[0]);
  const auto& place = rule.places[0];
  CHECK(place.occurrences_max == 2);
  CHECK(place.on_existing == OnExisting::fail);
  CHECK(place.is_required);
  REQUIRE(place.companions.size() == 1);
  CHECK(place.companions[0].name == "anthropic-version");
  CHECK(place.companions[0].value == "2023-06-01");
  const auto plain = std::move(accepted(with_inject(kHeader)).rules[0]);
  CHECK(plain.places[0].occurrences_max == 1);
  CHECK(plain.places[0].on_existing == OnExisting::replace);
  CHECK_FALSE(plain.places[0].is_required);
  for (const auto* const option : {"max_occurrences: 0",
                                   "max_occurrences: 17",
                                   "on_existing: keep",
                                   "require: maybe",
                                   "companions: {}",
                                   "companions: [a]",
                                   "companions: { Host: x }",
                                   "companions: { X-Key: x }",
                                   "companions: { a: \"b\\nc\" }",
                                   "companions: { a: \"\" }",
                                   "companions: { X-HTTP-Method-Override: DELETE }",
                                   "companions: { x_http_method: DELETE }",
                                   "companions: { _method: PUT }",
                                   "companions: { Sec-WebSocket-Protocol: x }",
                                   "companions: { sec-websocket-extensions: x }",
                                   "replace: all"}) {
    INFO(option);
    CHECK_FALSE(errors_of(with_inject("{ header: X-Key, format: \"{secret}\", " +
                                      std::string(option) + " }"))
                    .empty());
  }
  for (const auto* const choice : {"fail", "replace"}) {
    CHECK(has(errors_of(with_inject("{ path: true, on_existing: " + std::string(choice) + " }")),
              "`on_existing` is not for the placement `path`"));
  }
}

TEST_CASE("a scheme that signs takes none of these options") {
  for (const auto* const option : {"max_occurrences: 2", "require: true", "replace: token"}) {
    INFO(option);
    CHECK(has(errors_of(with_inject("{ type: hmac, header: X, template: x, " + std::string(option) +
                                    " }")),
              "is no key of `inject`"));
  }
}

TEST_CASE("headers that are logged, passed on or cut on the way carry no secret", "[I3]") {
  for (const auto* const name : {"Host",
                                 "Forwarded",
                                 "Via",
                                 "Referer",
                                 "Origin",
                                 "User-Agent",
                                 "Cookie",
                                 "Connection",
                                 "Transfer-Encoding",
                                 "X-Forwarded-For",
                                 "x-forwarded-anything",
                                 "X-HTTP-Method-Override",
                                 "X-HTTP-Method",
                                 "X-Method-Override",
                                 "_method",
                                 "Sec-WebSocket-Key",
                                 "Sec-WebSocket-Protocol"}) {
    INFO(name);
    CHECK(has(errors_of(with_inject("{ header: " + std::string(name) + ", format: \"{secret}\" }")),
              "cannot carry a credential"));
  }
  CHECK(errors_of(with_inject("{ header: X-Forward, format: \"{secret}\" }")).empty());
  CHECK(errors_of(with_inject("{ cookie: sid }")).empty());
}

TEST_CASE("a placeholder that cannot stand at its place is refused at load") {
  const auto text = [](const std::string& placeholder, const std::string& inject) {
    return test::one_secret("    placeholder: \"" + placeholder + "\"\n    inject: " + inject +
                            "\n    bindings: [ { host: a.b } ]\n");
  };
  const std::string slash = "T000/B000/PLACEHOLDER0123456789";
  CHECK(has(errors_of(text(slash, "{ path: true }")),
            "this placeholder has a character that cannot stand in `path`"));
  CHECK(errors_of(text(slash, "{ query: key }")).empty());
  CHECK_FALSE(errors_of(text("user:PLACEHOLDER0123456789abc", "{ basic: user }")).empty());
  CHECK_FALSE(errors_of(text("a;b-PLACEHOLDER0123456789abc", "{ cookie: sid }")).empty());
  CHECK(errors_of(text("a&b-PLACEHOLDER0123456789abc", "{ query: key }")).empty());
  CHECK_FALSE(errors_of(text("a&b-PLACEHOLDER0123456789abc", "{ body: text }")).empty());
  CHECK(errors_of(text("a/b-PLACEHOLDER0123456789abc", "{ body: text }")).empty());
}

TEST_CASE("D04 a secret may name those that go into one request with it") {
  const auto bindings =
      accepted(two("{ basic: user }", "{ basic: password }", "    together_with: [B]\n"));
  CHECK(bindings.may_go_together(0, 1));
  CHECK(bindings.may_go_together(1, 0));
  CHECK_FALSE(accepted(two("{ basic: user }", "{ basic: password }", "")).may_go_together(0, 1));
  for (const auto* const names : {"[]", "[A]", "[C]", "B", "[[B]]"}) {
    INFO(names);
    CHECK_FALSE(errors_of(two("{ basic: user }",
                              "{ basic: password }",
                              "    together_with: " + std::string(names) + "\n"))
                    .empty());
  }
  std::string many;
  for (int i = 0; i < 9; ++i) {
    many += i == 0 ? "B" : ", B";
  }
  CHECK(has(errors_of(two(
                "{ basic: user }", "{ basic: password }", "    together_with: [" + many + "]\n")),
            "`together_with` has more than 8 names"));
  CHECK(has(
      errors_of(two(
          "{ basic: user }", "{ type: hmac, header: X, template: x }", "    together_with: [B]\n")),
      "nothing else goes with a request that a scheme signs"));
}

}  // namespace keyswap::bindings
