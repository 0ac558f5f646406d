// SPDX-License-Identifier: Apache-2.0
//
// Types of `inject:` whose credential is minted (bindings/parse_mint.cc).
#include <string>

#include "test/bindings/support.h"
#include "test/support/text.h"
#include "vault/sources/kinds.h"

namespace keyswap::bindings {

namespace {

const std::string kClient = "token_url: \"https://auth.example.com/token\", client_id: ID";
const std::string kHeader = ", header: Authorization";

Parsed parsed_with(const std::string& inject) {
  return parse(test::with_inject(inject), test::kFolder, {}, vault::backend_kinds());
}

Bindings taken(const std::string& inject) {
  auto parsed = parsed_with(inject);
  INFO(inject << "\n" << test::listed(parsed.errors));
  REQUIRE(parsed.errors.empty());
  return std::move(parsed.bindings);
}

std::string refused(const std::string& inject) {
  return test::listed(parsed_with(inject).errors);
}

using keyswap::test::has;

const vault::SourceSpec& spec_of(const Bindings& bindings) {
  REQUIRE(bindings.sources != nullptr);
  REQUIRE(bindings.sources->specs().size() == 1);
  return bindings.sources->specs()[0];
}

}  // namespace

TEST_CASE("L01 a refresh token's rule has a source of its own, and its value comes from there") {
  const auto bindings =
      taken("{ type: oauth2_refresh, " + kClient +
            ", client_secret: SECRET, refresh_token: REFRESH, auth: basic" + kHeader + " }");
  const auto& spec = spec_of(bindings);
  CHECK(spec.id == "mint:K");
  CHECK(spec.kind == "oauth2");
  CHECK(spec.is_minted);
  CHECK(spec.cache.ttl_ms == 3'600'000);  // L04: of a token that says no end
  CHECK(*spec.setting("token_url") == "https://auth.example.com/token");
  CHECK(*spec.setting("auth") == "basic");
  CHECK(spec.own.size() == 3);
  const auto& rule = bindings.rules[0];
  REQUIRE(rule.needs().size() == 1);
  const auto names = rule.needs();
  const auto& name = names[0];
  CHECK(name.text() == "K#access");
  const auto* const route = bindings.sources->find(name);
  REQUIRE(route != nullptr);
  CHECK(route->key == "K");
  CHECK(rule.injection().scheme() == "oauth2_refresh");
  CHECK(rule.injection().shows_secrets());
  CHECK(test::render(rule, {"at-1"}).text == "Bearer at-1");
}

TEST_CASE("L24 L25 each type has the kind and the format that is its own") {
  const auto client = taken("{ type: oauth2_client_credentials, " + kClient +
                            ", client_secret: SECRET, scope: \"a b\"" + kHeader + " }");
  CHECK(spec_of(client).kind == "oauth2");
  CHECK(spec_of(client).setting("refresh_token") == nullptr);
  CHECK(test::render(client.rules[0], {"t"}).text == "Bearer t");
  const auto app = taken(
      "{ type: github_app, client_id: Iv23li0123456789abcd, installation: \"1234\", key: APP_KEY" +
      kHeader + " }");
  CHECK(spec_of(app).kind == "github_app");
  CHECK(test::render(app.rules[0], {"ghs_1"}).text == "token ghs_1");
  const auto account = taken(
      "{ type: jwt_bearer, token_url: \"https://oauth2.googleapis.com/token\", key: KEY, "
      "issuer: a@b.example, header: X-Token, format: \"{secret}\" }");
  CHECK(spec_of(account).kind == "jwt_bearer");
  CHECK(test::render(account.rules[0], {"t"}).text == "t");
}

TEST_CASE(
    "A client that signs who it is has a key, no secret; and what goes with a key goes with it") {
  const std::string key = ", auth: private_key_jwt, key: KEY";
  for (const auto* const type : {"oauth2_client_credentials", "oauth2_refresh"}) {
    INFO(type);
    const std::string begin = "{ type: " + std::string(type) + ", " + kClient +
                              (type == std::string("oauth2_refresh") ? ", refresh_token: R" : "");
    const auto bindings =
        taken(begin + key + ", algorithm: ES256, key_id: k1, assertion_audience: \"https://a/\"" +
              kHeader + " }");
    CHECK(*spec_of(bindings).setting("key") == "KEY");
    CHECK(has(refused(begin + ", auth: private_key_jwt" + kHeader + " }"), "needs a `key`"));
    CHECK(has(refused(begin + key + ", client_secret: S" + kHeader + " }"),
              "`client_secret` does not go with"));
    CHECK(has(refused(begin + key + ", algorithm: HS256" + kHeader + " }"), "RS256, ES256"));
    for (const auto* const more :
         {"key: KEY", "key_id: k1", "algorithm: ES256", "assertion_audience: a"}) {
      INFO(more);
      CHECK(has(refused(begin + ", client_secret: S, " + more + kHeader + " }"),
                "goes with `auth: private_key_jwt`"));
    }
  }
}

TEST_CASE("How a person logs in again stands beside a refresh token, and nowhere else") {
  for (const auto* const more : {"issuer: \"https://a.example\"",
                                 "authorize_url: \"https://a.example/a\"",
                                 "device_url: \"https://a.example/d\"",
                                 "login_scope: \"a b\""}) {
    INFO(more);
    CHECK(refused("{ type: oauth2_refresh, " + kClient + ", refresh_token: R, " + more + kHeader +
                  " }")
              .empty());
    CHECK_FALSE(refused("{ type: oauth2_client_credentials, " + kClient + ", client_secret: S, " +
                        more + kHeader + " }")
                    .empty());
  }
}

TEST_CASE("A minted token stands wherever a secret may") {
  const auto bindings = taken("{ type: oauth2_client_credentials, " + kClient +
                              ", client_secret: SECRET, query: access_token }");
  CHECK(bindings.rules[0].placement().kind() == "query");
  CHECK(test::render(bindings.rules[0], {"t"}).text == "t");
}

TEST_CASE("In messages of a WebSocket the token stands, too") {
  const auto parsed = parse(
      test::one_secret("    placeholder: \"" + test::kPlaceholder +
                       "\"\n    inject: { type: oauth2_client_credentials, " + kClient +
                       ", client_secret: SECRET" + kHeader +
                       " }\n    bindings: [ { host: a.example.com, websocket: true, ws_text: true "
                       "} ]\n"),
      test::kFolder,
      {},
      vault::backend_kinds());
  REQUIRE(parsed.errors.empty());
  const auto& rule = parsed.bindings.rules[0];
  REQUIRE(rule.message_place.has_value());
  const auto& needs = rule.places[*rule.message_place].injection->needs();
  REQUIRE(needs.size() == 1);
  CHECK(needs[0].text() == "K#access");
}

TEST_CASE("What a type needs has to be there, and what it does not take must not") {
  CHECK(has(refused("{ type: oauth2_refresh, " + kClient + kHeader + " }"), "refresh_token"));
  CHECK(has(refused("{ type: oauth2_client_credentials, " + kClient + kHeader + " }"),
            "client_secret"));
  CHECK(has(refused("{ type: oauth2_client_credentials, " + kClient +
                    ", client_secret: S, refresh_token: R" + kHeader + " }"),
            "refresh_token"));
  CHECK(has(refused("{ type: oauth2_refresh, " + kClient + ", refresh_token: R, template: \"x\"" +
                    kHeader + " }"),
            "template"));
  CHECK_FALSE(refused("{ type: oauth2_refresh, " + kClient + ", refresh_token: R }").empty());
}

TEST_CASE("A token endpoint is https, without a user; a refresh token is an entry of the vault") {
  const auto with_url = [](const std::string& url) {
    return refused("{ type: oauth2_refresh, token_url: \"" + url +
                   "\", client_id: ID, refresh_token: R" + kHeader + " }");
  };
  CHECK(with_url("https://auth.example.com/token").empty());
  CHECK(with_url("http://127.0.0.1:8080/token").empty());
  CHECK_FALSE(with_url("http://auth.example.com/token").empty());
  CHECK_FALSE(with_url("https://user:pass@auth.example.com/token").empty());
  for (const auto* const where : {"/run/refresh", "credential:REFRESH", "\"not a name\""}) {
    INFO(where);
    CHECK(has(refused("{ type: oauth2_refresh, " + kClient + ", refresh_token: " + where + kHeader +
                      " }"),
              "it has to be an entry of the vault"));
  }
}

TEST_CASE("I44 a provider says where and how, and is not contradicted") {
  const std::string rest = ", client_id: ID, client_secret: S, refresh_token: R" + kHeader + " }";
  const auto google = taken("{ type: oauth2_refresh, provider: google" + rest);
  CHECK(*spec_of(google).setting("token_url") == "https://oauth2.googleapis.com/token");
  CHECK(*spec_of(google).setting("auth") == "body");
  CHECK(has(refused("{ type: oauth2_refresh, provider: google, token_url: \"https://a.example/t\"" +
                    rest),
            "`provider` says `token_url` itself"));
  CHECK(has(refused("{ type: oauth2_refresh, provider: google, auth: basic" + rest),
            "`provider` says `auth` itself"));
  CHECK(has(refused("{ type: oauth2_refresh, provider: gogle" + rest), "did you mean 'google'?"));
  CHECK(has(refused("{ type: oauth2_client_credentials, provider: google" + rest), "provider"));
}

TEST_CASE("I45 a provider whose tenants have endpoints of their own needs one") {
  const std::string rest = ", client_id: ID, client_secret: S, refresh_token: R" + kHeader + " }";
  CHECK(has(refused("{ type: oauth2_refresh, provider: okta" + rest), "token_url"));
  const auto okta = taken(
      "{ type: oauth2_refresh, provider: okta, token_url: \"https://me.okta.com/oauth2/v1/token\"" +
      rest);
  CHECK(*spec_of(okta).setting("auth") == "basic");
}

TEST_CASE("A refresh token has one owner") {
  const std::string inject =
      "    inject: { type: oauth2_refresh, " + kClient + ", refresh_token: R" + kHeader + " }\n";
  const std::string bound = "    bindings: [ { host: api.example.com } ]\n";
  const auto parsed = parse(
      "secrets:\n  A:\n    placeholder: \"a-PLACEHOLDER-0123456789abcdef\"\n" + inject + bound +
          "  B:\n    placeholder: \"b-PLACEHOLDER-0123456789abcdef\"\n" + inject + bound,
      test::kFolder,
      {},
      vault::backend_kinds());
  CHECK(has(test::listed(parsed.errors), "`refresh_token` is another source's already"));
}

TEST_CASE("What is minted stands alone in `inject`, and has no other source") {
  const std::string mint =
      "{ type: oauth2_client_credentials, " + kClient + ", client_secret: S" + kHeader + " }";
  CHECK(has(refused("[ " + mint + ", { header: X-Key, format: \"{secret}\" } ]"),
            "must be the only entry"));
  const auto parsed = parse("sources: { s: { type: env } }\n" +
                                test::one_secret("    placeholder: \"" + test::kPlaceholder +
                                                 "\"\n    source: s\n    inject: " + mint +
                                                 "\n    bindings: [ { host: api.example.com } ]\n"),
                            test::kFolder,
                            {},
                            vault::backend_kinds());
  CHECK(has(test::listed(parsed.errors), "`source` is not for a secret that `inject` mints"));
}

TEST_CASE("A token endpoint on addresses that are not public is allowed by its own entry",
          "[I12]") {
  const auto bindings = taken("{ type: oauth2_client_credentials, " + kClient +
                              ", client_secret: S, allow_addresses: [10.0.0.0/8]" + kHeader + " }");
  REQUIRE(spec_of(bindings).allowed.size() == 1);
  CHECK(spec_of(bindings).allowed[0].address == "10.0.0.0");
}

}  // namespace keyswap::bindings
