// SPDX-License-Identifier: Apache-2.0
//
// OAuth 2.0's client_credentials; refresh tokens are in oauth2_rotation_test.cc.
#include <string>
#include <utility>
#include <vector>

#include "bindings/signatures/jwt.h"
#include "test/bindings/jwt_keys.h"
#include "test/vault/sources/token_world.h"
#include "vault/sources/oauth2_client.h"

namespace keyswap::vault {

extern const BackendKind kOAuth2Kind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kSecondUs = 1'000'000;

struct Sample {
  explicit Sample(std::vector<SourceSetting> more = {}) {
    std::vector<SourceSetting> settings = {{"token_url", "https://auth.example.com/token"},
                                           {"client_id", "CLIENT"}};
    settings.insert(settings.end(), more.begin(), more.end());
    spec = spec_of(std::move(settings));
    backend = kOAuth2Kind.make(spec);
  }

  [[nodiscard]] test::RunScript fetch() const {
    const std::vector<std::string> keys = {"K", "L"};
    return test::RunScript(backend->fetch(keys));
  }

  SourceSpec spec;
  std::unique_ptr<Backend> backend;
};

Sample with_secret(std::vector<SourceSetting> more = {}) {
  more.push_back({"client_secret", "CLIENT_SECRET"});
  return Sample(std::move(more));
}

Sample signing(std::vector<SourceSetting> more = {}) {
  more.push_back({"auth", "private_key_jwt"});
  more.push_back({"key", "CLIENT_KEY"});
  return Sample(std::move(more));
}

// What stands in the form under that name.
std::string field_in(const Call& call, std::string_view name) {
  const std::string body = "&" + body_of(call);
  const std::size_t at = body.find("&" + std::string(name) + "=");
  return at == std::string::npos
             ? ""
             : body.substr(at + name.size() + 2, body.find('&', at + 1) - at - name.size() - 2);
}

// Of a client that signs, to its call.
Call to_signed_call(test::RunScript& script, std::string_view key) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "CLIENT");
  CHECK(as<ReadEntry>(script.entry("an id")).name.text() == "CLIENT_KEY");
  return as<Call>(script.entry(key));
}

// To its call.
Call to_call(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "CLIENT");
  CHECK(as<ReadEntry>(script.entry("an id")).name.text() == "CLIENT_SECRET");
  return as<Call>(script.entry("a secret"));
}

}  // namespace

TEST_CASE("L24 a client gets a token by itself; whoever asked for it has it") {
  const auto sample = with_secret({{"scope", "a b"}, {"audience", "https://api.example.com/"}});
  auto script = sample.fetch();
  const auto call = to_call(script);
  CHECK(line_of(call) == "POST https://auth.example.com/token");
  CHECK(body_of(call) ==
        "grant_type=client_credentials&scope=a%20b&audience=https%3A%2F%2Fapi.example.com%2F&"
        "client_id=an%20id&client_secret=a%20secret");
  const auto done = as<Done>(script.answer(
      200,
      R"({"access_token":"t","token_type":"bearer","expires_in":600,"refresh_token":"unasked"})"));
  CHECK(value_of(done, "K") == "t");
  CHECK(value_of(done, "L") == "t");
  CHECK(done.values.at(0).expires_at == test::FakeTime::kStartUs / kSecondUs + 600);
  CHECK_FALSE(done.values.at(0).version.empty());
}

TEST_CASE("L04 without a life of its own a token says none, and lives as long as the rule allows") {
  const auto sample = with_secret();
  auto script = sample.fetch();
  to_call(script);
  const auto done = as<Done>(script.answer(200, R"({"access_token":"t","token_type":"bearer"})"));
  CHECK_FALSE(done.values.at(0).expires_at.has_value());
}

TEST_CASE("A client that signs who it is sends an assertion, and nothing of its key") {
  struct Kind {
    const char* algorithm;
    std::string_view key;
    std::string_view public_key;
  };

  for (const Kind& kind :
       {Kind{"RS256", bindings::test::kJwtRsaKey, bindings::test::kJwtRsaPublic},
        Kind{"ES256", bindings::test::kJwtEcKey, bindings::test::kJwtEcPublic},
        Kind{"EdDSA", bindings::test::kJwtEd25519Key, bindings::test::kJwtEd25519Public}}) {
    INFO(kind.algorithm);
    const auto sample = signing({{"algorithm", kind.algorithm}, {"key_id", "k1"}, {"scope", "a"}});
    auto script = sample.fetch();
    const auto call = to_signed_call(script, kind.key);
    CHECK(field_of(call, "Authorization").empty());
    CHECK(body_of(call).starts_with(
        "grant_type=client_credentials&scope=a&client_id=an%20id&"
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
        "client_assertion="));
    CHECK(body_of(call).find("client_secret") == std::string::npos);
    const std::string assertion = field_in(call, "client_assertion");
    const auto parts = bindings::jwt::read(assertion);
    REQUIRE(parts);
    CHECK(parts->header ==
          R"({"alg":")" + std::string(kind.algorithm) + R"(","typ":"JWT","kid":"k1"})");
    const std::int64_t now_s = script.now_us / kSecondUs;
    const std::string before =
        R"({"iss":"an id","sub":"an id","aud":"https://auth.example.com/token","jti":")";
    CHECK(parts->claims.starts_with(before));
    CHECK(parts->claims.ends_with(R"(","iat":)" + std::to_string(now_s) + R"(,"exp":)" +
                                  std::to_string(now_s + 120) + "}"));
    const auto key = bindings::PublicKey::from_text(kind.public_key);
    REQUIRE(key);
    CHECK(
        bindings::jwt::is_signed_by(*parts, *bindings::jwt::find_algorithm(kind.algorithm), *key));
  }
}

TEST_CASE("No two assertions are the same; the file may name whom they are for, and no `kid`") {
  const auto sample = signing({{"assertion_audience", "https://auth.example.com/"}});
  std::vector<std::string> claims;
  for (int i = 0; i < 2; ++i) {
    auto script = sample.fetch();
    const auto call = to_signed_call(script, bindings::test::kJwtRsaKey);
    const std::string assertion = field_in(call, "client_assertion");
    const auto parts = bindings::jwt::read(assertion);
    REQUIRE(parts);
    CHECK(parts->header == R"({"alg":"RS256","typ":"JWT"})");
    CHECK(parts->claims.find(R"("aud":"https://auth.example.com/")") != std::string::npos);
    claims.push_back(parts->claims);
  }
  CHECK(claims[0] != claims[1]);
}

TEST_CASE("L39 a client whose key does not sign asks nobody, and is told") {
  const auto sample = signing();
  for (const auto key : {std::string_view("no key"), bindings::test::kJwtEcKey}) {
    auto script = sample.fetch();
    script.begin();
    script.entry("an id");
    CHECK(ending(script.entry(key)) == Ending{FetchFault::auth_lost, "signing_key_unusable"});
  }
}

TEST_CASE("An assertion that is refused for a wrong clock of ours loses no client") {
  const auto sample = signing();
  const auto ended = [&](std::string_view error, std::int64_t date_off_s) {
    auto script = sample.fetch();
    to_signed_call(script, bindings::test::kJwtRsaKey);
    script.date_off_s = date_off_s;
    return ending(script.answer(401, R"({"error":")" + std::string(error) + "\"}"));
  };
  CHECK(ended("invalid_client", 61) == Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(ended("invalid_client", 50) ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:invalid_client"});
  CHECK(ended("unauthorized_client", 61) ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:unauthorized_client"});
}

TEST_CASE("A public client has no secret, and sends none") {
  const Sample sample;
  auto script = sample.fetch();
  CHECK(as<ReadEntry>(script.begin()).name.text() == "CLIENT");
  CHECK(body_of(as<Call>(script.entry("an id"))) ==
        "grant_type=client_credentials&client_id=an%20id");
}

TEST_CASE(
    "L24 what a token endpoint may say instead of a token is told, and L12 a kind it is not") {
  const auto sample = with_secret();
  const auto ended = [&](int status, std::string_view body) {
    auto script = sample.fetch();
    to_call(script);
    return ending(script.answer(status, body));
  };
  CHECK(ended(401, R"({"error":"invalid_client"})") ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:invalid_client"});
  // There is nobody who could log in.
  CHECK(ended(400, R"({"error":"invalid_grant"})") ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:invalid_grant"});
  CHECK(ended(200, R"({"access_token":"t","token_type":"mac"})") ==
        Ending{FetchFault::bad_answer, "unsupported_token_type"});
  CHECK(ended(503, "") == Ending{FetchFault::unavailable, "token_endpoint_status:503"});
}

TEST_CASE(
    "A client whose token endpoint fails in any way has no token, and is not taken for lost") {
  const auto sample = with_secret();
  check_every_call([&] { return sample.fetch(); },
                   {{0, "an id"},
                    {0, "a secret"},
                    {200, R"({"access_token":"t","token_type":"bearer","expires_in":600})"}},
                   token_troubles());
}

TEST_CASE("L12 without a word of its type the token is used once a record says so") {
  const auto sample = with_secret();
  for (const bool is_durable : {true, false}) {
    auto script = sample.fetch();
    to_call(script);
    const auto note = as<Note>(script.answer(200, R"({"access_token":"t"})"));
    CHECK(note.event.outcome == "token_type_missing");
    const auto step = script.tell(Noted{is_durable});
    CHECK(std::holds_alternative<Done>(step) == is_durable);
  }
}

TEST_CASE("A client whose id is not in the vault is told; no answer is taken for another") {
  const Sample sample;
  auto script = sample.fetch();
  script.begin();
  CHECK(ending(script.tell(base::Error{base::Errc::not_found, "none"})).outcome ==
        "credential_missing");
  auto other = sample.fetch();
  other.begin();
  CHECK(ending(other.tell(Granted{})).outcome == "unexpected");
  auto third = sample.fetch();
  third.begin();
  as<Call>(third.entry("an id"));
  CHECK(ending(third.tell(Noted{true})).outcome == "unexpected");
}

}  // namespace keyswap::vault
