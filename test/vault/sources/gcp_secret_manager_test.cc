// SPDX-License-Identifier: Apache-2.0
//
// Google's Secret Manager as its reference answers, without a socket; the key is RFC 7515's.
#include <deque>
#include <string>
#include <string_view>

#include "bindings/signatures/jwt.h"
#include "bindings/signatures/public_key.h"
#include "test/bindings/jwt_keys.h"
#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kGcpSecretManagerKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

struct World {
  std::unique_ptr<Backend> backend = kGcpSecretManagerKind.make(
      spec_of({{"project", "my-project"}, {"credentials", "GCP_ACCOUNT"}}));

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys = {"openai"}) const {
    return test::RunScript(backend->fetch(keys));
  }
};

std::string account(std::string_view more = "") {
  std::string key(bindings::test::kJwtRsaKey);
  for (std::size_t at = key.find('\n'); at != std::string::npos; at = key.find('\n', at)) {
    key.replace(at, 1, "\\n");
  }
  return R"({"type":"service_account","client_email":"svc@proj.iam.gserviceaccount.com",)"
         R"("private_key_id":"kid1","private_key":")" +
         key + "\"" + std::string(more) + "}";
}

constexpr std::string_view kToken =
    R"({"access_token":"ya29.a","expires_in":3599,"token_type":"Bearer"})";

std::string value_answer(std::string_view sum = R"(,"dataCrc32c":"25426833")") {
  return R"({"name":"projects/1/secrets/openai/versions/3","payload":{"data":)"
         R"("c2stbGl2ZS0wMTIzNDU2Nzg5")" +
         std::string(sum) + "}}";
}

Call to_login(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "GCP_ACCOUNT");
  return as<Call>(script.entry(account()));
}

Call to_value(test::RunScript& script) {
  to_login(script);
  return as<Call>(script.answer(200, kToken));
}

}  // namespace

TEST_CASE("Google: the account's key signs a token, Google's opens the secret") {
  const World world;
  auto script = world.fetch();
  const Call login = to_login(script);
  CHECK(line_of(login) == "POST https://oauth2.googleapis.com/token");
  const std::string body = body_of(login);
  const std::string begin =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  REQUIRE(body.starts_with(begin));
  const auto token = bindings::jwt::read(std::string_view(body).substr(begin.size()));
  REQUIRE(token);
  CHECK(token->header == R"({"alg":"RS256","typ":"JWT","kid":"kid1"})");
  CHECK(token->claims ==
        R"({"iss":"svc@proj.iam.gserviceaccount.com",)"
        R"("scope":"https://www.googleapis.com/auth/cloud-platform",)"
        R"("aud":"https://oauth2.googleapis.com/token","exp":1750003600,"iat":1750000000})");
  const auto key = bindings::PublicKey::from_text(bindings::test::kJwtRsaPublic);
  REQUIRE(key);
  CHECK(bindings::jwt::is_signed_by(*token, bindings::jwt::Algorithm::rs256, *key));
  const Call value = as<Call>(script.answer(200, kToken));
  CHECK(line_of(value) ==
        "GET https://secretmanager.googleapis.com/v1/projects/my-project/secrets/openai/versions/"
        "latest:access");
  CHECK(field_of(value, "Authorization") == "Bearer ya29.a");
  const Done done = as<Done>(script.answer(200, value_answer()));
  CHECK(value_of(done, "openai") == "sk-live-0123456789");
  CHECK(done.values.front().version == "projects/1/secrets/openai/versions/3");
  CHECK(world.backend->login_due_us() == test::FakeTime::kStartUs + 3'299 * 1'000'000LL);
  auto near_its_end = world.fetch();
  near_its_end.now_us = test::FakeTime::kStartUs + 3'598 * 1'000'000LL;
  as<Call>(near_its_end.begin());
  CHECK(world.backend->login_ends_us() == test::FakeTime::kStartUs + 3'599 * 1'000'000LL);
  auto over = world.fetch();
  over.now_us = test::FakeTime::kStartUs + 3'599 * 1'000'000LL;
  as<ReadEntry>(over.begin());
}

TEST_CASE("bytes that do not have their sum are no value; without a sum they are one") {
  const World world;
  auto script = world.fetch();
  to_value(script);
  CHECK(ending(script.answer(200, value_answer(R"(,"dataCrc32c":"25426834")"))) ==
        Ending{FetchFault::bad_answer, "checksum"});
  auto number = world.fetch();
  as<Call>(number.begin());
  CHECK(ending(number.answer(200, value_answer(R"(,"dataCrc32c":25426833)"))).outcome ==
        "checksum");
  auto without = world.fetch();
  as<Call>(without.begin());
  CHECK(value_of(as<Done>(without.answer(200, value_answer(""))), "openai") ==
        "sk-live-0123456789");
}

TEST_CASE("keys name a secret, a version of it, or another project's") {
  const World world;
  auto login = world.fetch();
  to_value(login);
  const auto path = [&](const std::string& key) {
    auto script = world.fetch({key});
    const Step step = script.begin();
    if (!std::holds_alternative<Call>(step)) {
      CHECK(ending(step) == Ending{FetchFault::not_found, "no_name"});
      return std::string("none");
    }
    return std::get<Call>(step).url.substr(sizeof "https://secretmanager.googleapis.com/v1/" - 1);
  };
  CHECK(path("a/versions/7") == "projects/my-project/secrets/a/versions/7:access");
  CHECK(path("projects/p2/secrets/a") == "projects/p2/secrets/a/versions/latest:access");
  CHECK(path("projects/p2/secrets/a/versions/7") == "projects/p2/secrets/a/versions/7:access");
  for (const auto* const bad : {"",
                                "a/b",
                                "a/b/c",
                                "a/versions/",
                                "projects/p2",
                                "projects/p2/x/a",
                                "../a",
                                "a?b",
                                "projects/p2/secrets/a/b/7"}) {
    INFO(bad);
    CHECK(path(bad) == "none");
  }
}

TEST_CASE("G14 a 401 leads to one log-in, then the credential is lost") {
  const World world;
  auto script = world.fetch();
  to_value(script);
  as<ReadEntry>(script.answer(401, ""));
  as<Call>(script.entry(account()));
  as<Call>(script.answer(200, kToken));
  CHECK(ending(script.answer(401, "")) == Ending{FetchFault::auth_lost, "unauthorized"});
  CHECK(world.backend->login_due_us() == 0);
}

TEST_CASE("Google's errors are told as what they mean") {
  const World world;
  auto first = world.fetch();
  to_value(first);
  const auto told = [&](int status, std::string_view word) {
    auto script = world.fetch();
    as<Call>(script.begin());
    return ending(script.answer(
        status,
        R"({"error":{"code":1,"message":"about it","status":")" + std::string(word) + "\"}}"));
  };
  CHECK(told(400, "FAILED_PRECONDITION") == Ending{FetchFault::not_found, "disabled"});
  CHECK(told(400, "INVALID_ARGUMENT") == Ending{FetchFault::bad_answer, "refused"});
  CHECK(told(403, "PERMISSION_DENIED") == Ending{FetchFault::not_found, "forbidden"});
  CHECK(told(404, "NOT_FOUND") == Ending{FetchFault::not_found, "not_found"});
}

TEST_CASE("what is no service account's key, or names a token server that is none, is told so") {
  const World world;
  for (const std::string& bad : {std::string("{}"),
                                 std::string("no JSON"),
                                 std::string(R"({"type":"authorized_user"})"),
                                 account(R"(,"token_uri":"http://evil.example/token")"),
                                 account(R"(,"token_uri":"https://u@evil.example/token")")}) {
    INFO(bad);
    auto script = world.fetch();
    as<ReadEntry>(script.begin());
    CHECK(ending(script.entry(bad)) == Ending{FetchFault::auth_lost, "no_service_account"});
  }
  for (const int status : {400, 401, 403}) {
    auto script = world.fetch();
    to_login(script);
    CHECK(ending(script.answer(status, R"({"error":"invalid_grant"})")) ==
          Ending{FetchFault::auth_lost, "login_refused"});
  }
}

TEST_CASE("what Google refuses for a wrong clock of ours is told as that, and loses no account") {
  const World world;
  const auto told = [&](int status, std::string_view body, std::int64_t date_off_s) {
    auto script = world.fetch();
    to_login(script);
    script.date_off_s = date_off_s;
    return ending(script.answer(status, body));
  };
  const std::string_view grant = R"({"error":"invalid_grant","error_description":"Invalid JWT"})";
  CHECK(told(400, grant, 61) == Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(told(400, grant, -61) == Ending{FetchFault::unavailable, "clock_differs"});
  const Ending refused{FetchFault::auth_lost, "login_refused"};
  CHECK(told(400, grant, 50) == refused);
  CHECK(told(401, R"({"error":"unauthorized_client"})", 1'200) == refused);
  CHECK(told(403, "no JSON", 1'200) == refused);
}

TEST_CASE("a log-in ahead of its time that a wrong clock spoils leaves Google's session in use") {
  const World world;
  auto first = world.fetch();
  to_value(first);
  test::RunScript early(world.backend->log_in());
  to_login(early);
  early.date_off_s = 1'200;
  CHECK(ending(early.answer(400, R"({"error":"invalid_grant"})")) ==
        Ending{FetchFault::unavailable, "clock_differs"});
  CHECK(field_of(as<Call>(world.fetch().begin()), "Authorization") == "Bearer ya29.a");
}

TEST_CASE("calls to Google may fail in any way") {
  std::deque<World> worlds;
  check_troubles([&] {
    auto script = worlds.emplace_back().fetch();
    to_login(script);
    return script;
  });
  check_troubles([&] {
    auto script = worlds.emplace_back().fetch();
    to_value(script);
    return script;
  });
}

}  // namespace keyswap::vault
