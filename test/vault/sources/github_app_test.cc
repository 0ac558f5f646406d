// SPDX-License-Identifier: Apache-2.0
//
// Installation tokens of a GitHub App.
#include <string>
#include <utility>
#include <vector>

#include "bindings/signatures/jwt.h"
#include "proxy/base/bounds.h"
#include "test/bindings/jwt_keys.h"
#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kGithubAppKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kNowUs = 1'700'000'000'000'000;

struct Sample {
  explicit Sample(std::vector<SourceSetting> more = {}) {
    std::vector<SourceSetting> settings = {
        {"client_id", "Iv23li0123456789abcd"}, {"installation", "1234"}, {"key", "APP_KEY"}};
    settings.insert(settings.end(), more.begin(), more.end());
    spec = spec_of(std::move(settings));
    backend = kGithubAppKind.make(spec);
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

Call to_call(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "APP_KEY");
  return as<Call>(script.entry(bindings::test::kJwtRsaKey));
}

std::string answer_with(const std::string& token, const std::string& end) {
  return R"({"token":")" + token + R"(","expires_at":")" + end +
         R"(","permissions":{"contents":"read"},"repository_selection":"all"})";
}

}  // namespace

TEST_CASE("L25 the app's own token buys one for the installation") {
  const Sample sample;
  auto script = sample.fetch();
  const auto call = to_call(script);
  CHECK(line_of(call) == "POST https://api.github.com/app/installations/1234/access_tokens");
  CHECK(field_of(call, "Accept") == "application/vnd.github+json");
  CHECK(call.body.size() == 0);
  const auto bearer = field_of(call, "Authorization");
  REQUIRE(bearer.starts_with("Bearer "));
  const auto parts = bindings::jwt::read(std::string_view(bearer).substr(7));
  REQUIRE(parts.has_value());
  CHECK(parts->header == R"({"alg":"RS256","typ":"JWT"})");
  CHECK(parts->claims == R"({"iat":1699999940,"exp":1700000540,"iss":"Iv23li0123456789abcd"})");
  const auto key = bindings::PublicKey::from_text(bindings::test::kJwtRsaPublic);
  CHECK(bindings::jwt::is_signed_by(*parts, bindings::jwt::Algorithm::rs256, *key));
  const auto done =
      as<Done>(script.answer(201, answer_with("ghs_16C7e42F292c6912E7", "2023-11-14T23:13:20Z")));
  CHECK(value_of(done, "K") == "ghs_16C7e42F292c6912E7");
  CHECK(done.values.at(0).expires_at == 1'700'003'600);
}

TEST_CASE("L25 a token with dots, as long as they come since 2026, is taken as it is") {
  const Sample sample;
  auto script = sample.fetch();
  to_call(script);
  const auto token = "ghs_1234_eyJ." + std::string(500, 'a') + ".sig-_";
  CHECK(value_of(as<Done>(script.answer(201, answer_with(token, "2023-11-14T23:13:20Z"))), "K") ==
        token);
}

TEST_CASE("An app of a server of one's own is asked there") {
  const Sample sample(
      std::vector<SourceSetting>{{"api_url", "https://github.corp.example/api/v3"}});
  auto script = sample.fetch();
  CHECK(line_of(to_call(script)) ==
        "POST https://github.corp.example/api/v3/app/installations/1234/access_tokens");
}

TEST_CASE("L25 L39 a malformed key asks nobody") {
  const Sample sample;
  auto script = sample.fetch();
  script.begin();
  CHECK(ending(script.entry("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n")) ==
        Ending{FetchFault::auth_lost, "signing_key_unusable"});
}

TEST_CASE("What GitHub says instead of a token is told by its number") {
  const Sample sample;
  const auto ended = [&](int status, std::string_view body, std::int64_t retry_after_ms = 0) {
    auto script = sample.fetch();
    to_call(script);
    return ending(script.answer(status, body, retry_after_ms));
  };
  for (const int status : {401, 403, 404, 422}) {
    CHECK(ended(status, R"({"message":"Not Found"})") ==
          Ending{FetchFault::auth_lost, "token_endpoint_status:" + std::to_string(status)});
  }
  CHECK(ended(403, "", 60'000) == Ending{FetchFault::unavailable, "token_endpoint_status:403"});
  CHECK(ended(502, "") == Ending{FetchFault::unavailable, "token_endpoint_status:502"});
  CHECK(ended(302, "") == Ending{FetchFault::bad_answer, "token_endpoint_status:302"});
  CHECK(ended(200, answer_with("t", "2023-11-14T23:13:20Z")) ==
        Ending{FetchFault::bad_answer, "token_endpoint_status:200"});
}

TEST_CASE("GitHub that fails in any way gives no token, and loses no app") {
  const Sample sample;
  check_every_call([&] { return sample.fetch(); },
                   {{0, std::string(bindings::test::kJwtRsaKey)},
                    {201, answer_with("ghs_16C7e42F292c6912E7", "2023-11-14T23:13:20Z")}},
                   token_troubles());
}

TEST_CASE("A token that GitHub refuses for a wrong clock of ours loses no key") {
  const Sample sample;
  const auto ended = [&](int status, std::int64_t date_off_s) {
    auto script = sample.fetch();
    to_call(script);
    script.date_off_s = date_off_s;
    return ending(script.answer(status, R"({"message":"'Expiration time' claim ('exp') is bad"})"));
  };
  CHECK(ended(401, 61) == Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(ended(401, -61) == Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(ended(401, 50) == Ending{FetchFault::auth_lost, "token_endpoint_status:401"});
  for (const int status : {403, 404, 422}) {
    CHECK(ended(status, 1'200) ==
          Ending{FetchFault::auth_lost, "token_endpoint_status:" + std::to_string(status)});
  }
}

TEST_CASE("A 403 of GitHub's that means too many requests takes no token back") {
  const Sample sample;
  const auto failed_by = [&](int status,
                             std::string_view body,
                             std::optional<std::int64_t> used_up_until_s = std::nullopt,
                             std::int64_t retry_after_ms = 0) {
    auto script = sample.fetch();
    to_call(script);
    CallAnswer answer;
    answer.status = status;
    answer.body = Secret::copy_of(body).value();
    answer.used_up_until_s = used_up_until_s;
    answer.retry_after_ms = retry_after_ms;
    return as<Failed>(script.tell(std::move(answer)));
  };
  const auto primary = failed_by(403, R"({"message":"API rate limit exceeded"})", 1'700'000'090);
  CHECK(primary.fault == FetchFault::unavailable);
  CHECK(primary.retry_after_ms == 90'000);
  CHECK(failed_by(403, "", 1'900'000'000).retry_after_ms == base::bounds::kSourceRetryAfterMsMax);
  CHECK(failed_by(403, "", 0).fault == FetchFault::unavailable);
  const auto secondary =
      failed_by(403, R"({"message":"You have exceeded a secondary rate limit. Please wait"})");
  CHECK(secondary.fault == FetchFault::unavailable);
  CHECK(secondary.retry_after_ms == 60'000);
  CHECK(failed_by(429, "").fault == FetchFault::unavailable);
  CHECK(failed_by(403, R"({"message":"Resource not accessible by integration"})").fault ==
        FetchFault::auth_lost);
  // What is no 403 means what it says.
  CHECK(failed_by(401, "", 1'700'000'090, 60'000).fault == FetchFault::auth_lost);
}

TEST_CASE("An answer without a token or its end is none") {
  const Sample sample;
  for (const auto& body : {std::string("{}"),
                           std::string("<html>"),
                           std::string(R"({"token":"t"})"),
                           answer_with("", "2023-11-14T23:13:20Z"),
                           answer_with("a b", "2023-11-14T23:13:20Z"),
                           answer_with("a\\n", "2023-11-14T23:13:20Z"),
                           answer_with("t", "tomorrow"),
                           answer_with("t", "2023-02-30T00:00:00Z")}) {
    INFO(body);
    auto script = sample.fetch();
    to_call(script);
    CHECK(ending(script.answer(201, body)) == Ending{FetchFault::bad_answer, "malformed"});
  }
}

}  // namespace keyswap::vault
