// SPDX-License-Identifier: Apache-2.0
//
// JWT-bearer grants (RFC 7523), as Google's service accounts use them.
#include <string>
#include <utility>
#include <vector>

#include "bindings/digest.h"
#include "test/bindings/jwt_keys.h"
#include "test/vault/sources/backend_support.h"
#include "vault/sources/jwt_key.h"

namespace keyswap::vault {

extern const BackendKind kJwtBearerKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kNowUs = 1'700'000'000'000'000;

struct Sample {
  explicit Sample(std::vector<SourceSetting> more = {}) {
    std::vector<SourceSetting> settings = {
        {"token_url", "https://oauth2.googleapis.com/token"},
        {"key", "ACCOUNT_KEY"},
        {"key_id", "370ab79b4513eb9bad7c9bd16a95cb76b5b2a56a"},
        {"issuer", "svc@proj.iam.gserviceaccount.com"},
        {"scope", "https://www.googleapis.com/auth/devstorage.read_only"}};
    settings.insert(settings.end(), more.begin(), more.end());
    spec = spec_of(std::move(settings));
    backend = kJwtBearerKind.make(spec);
  }

  [[nodiscard]] test::RunScript fetch() const {
    const std::vector<std::string> keys = {"K"};
    test::RunScript script(backend->fetch(keys));
    script.now_us = kNowUs;
    return script;
  }

  SourceSpec spec;
  std::unique_ptr<Backend> backend;
};

constexpr std::string_view kBefore =
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

Call to_call(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "ACCOUNT_KEY");
  return as<Call>(script.entry(bindings::test::kJwtRsaKey));
}

std::string assertion_of(const Call& call) {
  const auto body = body_of(call);
  REQUIRE(body.starts_with(kBefore));
  return body.substr(kBefore.size());
}

}  // namespace

// Computed in Python, with pyca/cryptography; the claims stand in the order of Google's libraries.
TEST_CASE("Google's assertion is made for its token endpoint, for an hour") {
  const Sample sample;
  auto script = sample.fetch();
  const auto call = to_call(script);
  CHECK(line_of(call) == "POST https://oauth2.googleapis.com/token");
  CHECK(field_of(call, "Content-Type") == "application/x-www-form-urlencoded");
  CHECK(bindings::sha256_hex(assertion_of(call)) ==
        "86e47f3e795743e0b491e5d8a5c38dc41ab17a91fedb95241a5a68d9c619ded2");
  const auto done = as<Done>(
      script.answer(200, R"({"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"})"));
  CHECK(value_of(done, "K") == "ya29.a");
  CHECK(done.values.at(0).expires_at == 1'700'003'599);
}

TEST_CASE("A subject and an audience of its own stand in the assertion") {
  const Sample sample({{"subject", "ann@example.com"}, {"audience", "https://other.example/"}});
  auto script = sample.fetch();
  const auto parts = bindings::jwt::read(assertion_of(to_call(script)));
  REQUIRE(parts.has_value());
  CHECK(parts->claims == R"({"iss":"svc@proj.iam.gserviceaccount.com",)"
                         R"("scope":"https://www.googleapis.com/auth/devstorage.read_only",)"
                         R"("aud":"https://other.example/","exp":1700003600,"iat":1700000000,)"
                         R"("sub":"ann@example.com"})");
}

TEST_CASE("L39 a key that is none, or of another kind, is told, and nothing is asked") {
  const Sample sample;
  for (const auto key : {std::string_view("no key"), bindings::test::kJwtEcKey}) {
    auto script = sample.fetch();
    script.begin();
    CHECK(ending(script.entry(key)) == Ending{FetchFault::auth_lost, "signing_key_unusable"});
  }
  auto missing = sample.fetch();
  missing.begin();
  CHECK(ending(missing.tell(base::Error{base::Errc::not_found, "none"})).outcome ==
        "credential_missing");
}

TEST_CASE("An account that is refused is told; there is nobody who could log in") {
  const Sample sample;
  const auto ended = [&](int status, std::string_view body) {
    auto script = sample.fetch();
    to_call(script);
    return ending(script.answer(status, body));
  };
  CHECK(ended(400, R"({"error":"invalid_grant","error_description":"Invalid JWT"})") ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:invalid_grant"});
  CHECK(ended(500, "") == Ending{FetchFault::unavailable, "token_endpoint_status:500"});
  CHECK(ended(200, "{}") == Ending{FetchFault::bad_answer, "malformed"});
}

TEST_CASE("A token endpoint that fails in any way gives no token, and loses no account") {
  const Sample sample;
  check_every_call([&] { return sample.fetch(); },
                   {{0, std::string(bindings::test::kJwtRsaKey)},
                    {200, R"({"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"})"}},
                   token_troubles());
}

TEST_CASE("An assertion that is refused for a wrong clock of ours loses no account") {
  const Sample sample;
  const auto ended = [&](std::string_view body, std::int64_t date_off_s, int status = 400) {
    auto script = sample.fetch();
    to_call(script);
    script.date_off_s = date_off_s;
    return ending(script.answer(status, body));
  };
  const std::string_view grant = R"({"error":"invalid_grant"})";
  CHECK(ended(grant, 61) == Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(ended(grant, -61) == Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(ended(grant, 50) == Ending{FetchFault::auth_lost, "token_endpoint_error:invalid_grant"});
  CHECK(ended(R"({"error":"unauthorized_client"})", 1'200) ==
        Ending{FetchFault::auth_lost, "token_endpoint_error:unauthorized_client"});
  CHECK(ended("", 1'200, 503) == Ending{FetchFault::unavailable, "token_endpoint_status:503"});
}

TEST_CASE("A token that is given is taken, whatever the time is") {
  const Sample sample;
  auto script = sample.fetch();
  to_call(script);
  script.date_off_s = 1'200;
  CHECK(value_of(as<Done>(script.answer(200, R"({"access_token":"ya29.a","expires_in":3599})")),
                 "K") == "ya29.a");
}

TEST_CASE("A key signs for the vault's form of it as for PEM") {
  REQUIRE(lock_memory());
  const auto pem = Secret::copy_of(bindings::test::kJwtEd25519Key).value();
  const auto key = bindings::PrivateKey::from_text(bindings::test::kJwtEd25519Key);
  auto der = LockedBuffer::of_capacity(128);
  REQUIRE((key && der && key->write_der(*der)));
  const auto kept = Secret::copy_of(der->reveal()).value();
  const auto of = [](const Secret& secret) {
    const auto token = signed_token(bindings::jwt::Algorithm::eddsa, "{}", "{}", secret);
    REQUIRE(std::holds_alternative<Secret>(token));
    return std::string(std::get<Secret>(token).reveal());
  };
  CHECK(of(pem) == of(kept));
}

}  // namespace keyswap::vault
