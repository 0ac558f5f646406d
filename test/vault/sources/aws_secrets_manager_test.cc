// SPDX-License-Identifier: Apache-2.0
//
// Secrets Manager as its API reference answers, without a socket. The pair and the time are those
// of AWS's own test suite for Signature Version 4.
#include <deque>
#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"
#include "vault/note_mark.h"

namespace keyswap::vault {

extern const BackendKind kAwsSecretsManagerKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kSuiteUs = 1'440'938'160'000'000;  // 2015-08-30T12:36:00Z

std::vector<SourceSetting> sample_settings() {
  return {
      {"region", "us-east-1"}, {"access_key_id", "AWS_ID"}, {"secret_access_key", "AWS_SECRET"}};
}

struct World {
  explicit World(std::vector<SourceSetting> settings = sample_settings())
      : backend(kAwsSecretsManagerKind.make(spec_of(std::move(settings)))) {}

  std::unique_ptr<Backend> backend;

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys = {"OPENAI_API_KEY"}) const {
    test::RunScript script(backend->fetch(keys));
    script.now_us = kSuiteUs;
    return script;
  }

  [[nodiscard]] test::RunScript notes() const {
    test::RunScript script(backend->notes());
    script.now_us = kSuiteUs;
    return script;
  }
};

// Of a page of the list with this one secret.
std::string noted(std::string_view more) {
  const World world;
  auto script = world.notes();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("AKIDEXAMPLE"));
  as<Call>(script.entry("secret"));
  std::string page = R"({"SecretList":[{"ARN":"arn:x","Name":"K")";
  page.append(more).append("}]}");
  const Done done = as<Done>(script.answer(200, page));
  CHECK(done.is_listing);
  return value_of(done, "K");
}

std::string tag(std::string_view name, std::string_view value) {
  std::string text = R"({"Key":")";
  return text.append(name).append(R"(","Value":")").append(value).append("\"}");
}

std::string tags(std::string_view all) {
  std::string text = R"(,"Tags":[)";
  return text.append(all).append("]");
}

Call to_value(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "AWS_ID");
  CHECK(as<ReadEntry>(script.entry("AKIDEXAMPLE")).name.text() == "AWS_SECRET");
  return as<Call>(script.entry("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
}

std::string value_answer(std::string_view text) {
  return R"({"ARN":"arn:x","Name":"n","SecretString":)" + std::string(text) +
         R"(,"VersionId":"EXAMPLE1-90ab-cdef","VersionStages":["AWSCURRENT"]})";
}

}  // namespace

TEST_CASE("AWS: the request's signature is the one of the facts, and the value comes") {
  const World world;
  auto script = world.fetch();
  const Call call = to_value(script);
  CHECK(line_of(call) == "POST https://secretsmanager.us-east-1.amazonaws.com/");
  CHECK(field_of(call, "Content-Type") == "application/x-amz-json-1.1");
  CHECK(field_of(call, "X-Amz-Target") == "secretsmanager.GetSecretValue");
  CHECK(field_of(call, "X-Amz-Date") == "20150830T123600Z");
  CHECK(body_of(call) == R"({"SecretId":"OPENAI_API_KEY"})");
  CHECK(field_of(call, "Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/secretsmanager/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
        "Signature=ff1058f04454053a8a25ed0ef516ad3b26dfe443a3a899babcf41e0e691089a2");
  CHECK(field_of(call, "X-Amz-Security-Token").empty());
  const Done done = as<Done>(script.answer(200, value_answer(R"("sk-live")")));
  CHECK(value_of(done, "OPENAI_API_KEY") == "sk-live");
  CHECK(done.values.front().version == "EXAMPLE1-90ab-cdef");
}

TEST_CASE("a session token and a stage go into the call, and the token is signed") {
  auto settings = sample_settings();
  settings.push_back({"session_token", "AWS_TOKEN"});
  settings.push_back({"version_stage", "AWSPREVIOUS"});
  const World world(settings);
  auto script = world.fetch();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("AKIDEXAMPLE"));
  CHECK(as<ReadEntry>(script.entry("secret")).name.text() == "AWS_TOKEN");
  const Call call = as<Call>(script.entry("session"));
  CHECK(field_of(call, "X-Amz-Security-Token") == "session");
  CHECK(field_of(call, "Authorization")
            .find("content-type;host;x-amz-date;x-amz-security-token;x-amz-target") !=
        std::string::npos);
  CHECK(body_of(call) == R"({"SecretId":"OPENAI_API_KEY","VersionStage":"AWSPREVIOUS"})");
}

TEST_CASE("a secret of China is asked for there") {
  auto settings = sample_settings();
  settings.front().value = "cn-north-1";
  const World world(settings);
  auto script = world.fetch();
  CHECK(line_of(to_value(script)) == "POST https://secretsmanager.cn-north-1.amazonaws.com.cn/");
}

TEST_CASE("#field picks from a JSON value, and so does the bindings' field") {
  const World world;
  const auto named = key_text("db", "username");
  auto script = world.fetch({"db#password", named});
  CHECK(body_of(to_value(script)) == R"({"SecretId":"db"})");
  const auto both = value_answer(R"("{\"username\":\"u\",\"password\":\"p\"}")");
  const Done done = as<Done>(script.answer(200, both));
  CHECK(value_of(done, "db#password") == "p");
  CHECK(value_of(done, named) == "u");
}

TEST_CASE("a binary value is decoded, and one that does not decode is no answer") {
  const World world;
  auto script = world.fetch();
  to_value(script);
  CHECK(value_of(as<Done>(script.answer(200, R"({"SecretBinary":"c2stbGl2ZQ=="})")),
                 "OPENAI_API_KEY") == "sk-live");
  auto bad = world.fetch();
  to_value(bad);
  CHECK(ending(bad.answer(200, R"({"SecretBinary":"c2stbGl2ZQ"})")) ==
        Ending{FetchFault::bad_answer, "malformed"});
}

TEST_CASE("errors are told by their __type, with and without what stands before it") {
  const World world;
  const auto told = [&](int status, std::string_view type) {
    auto script = world.fetch();
    to_value(script);
    return ending(script.answer(
        status, R"({"__type":")" + std::string(type) + R"(","Message":"about a secret"})"));
  };
  CHECK(told(400, "ResourceNotFoundException") == Ending{FetchFault::not_found, "not_found"});
  CHECK(told(400, "com.amazonaws.secretsmanager#ResourceNotFoundException") ==
        Ending{FetchFault::not_found, "not_found"});
  CHECK(told(400, "AccessDeniedException") == Ending{FetchFault::not_found, "forbidden"});
  CHECK(told(400, "DecryptionFailure") == Ending{FetchFault::bad_answer, "decryption_failure"});
  CHECK(told(400, "ThrottlingException") == Ending{FetchFault::unavailable, "rate_limited"});
  CHECK(told(400, "UnrecognizedClientException") == Ending{FetchFault::auth_lost, "unauthorized"});
  CHECK(told(400, "ExpiredTokenException") == Ending{FetchFault::auth_lost, "expired_token"});
  CHECK(told(400, "SomethingNew") == Ending{FetchFault::bad_answer, "refused"});
  CHECK(told(500, "InternalServiceError") == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("what AWS refuses for a wrong clock of ours is told as that, and loses no pair") {
  const World world;
  const auto told = [&](std::optional<std::int64_t> date_off_s, std::string_view type) {
    auto script = world.fetch();
    to_value(script);
    script.date_off_s = date_off_s;
    return ending(script.answer(400, R"({"__type":")" + std::string(type) + R"("})"));
  };
  const Ending of_clock{FetchFault::unavailable, "clock_differs"};
  CHECK(told(1'200, "InvalidSignatureException") == of_clock);
  CHECK(told(-1'200, "InvalidSignatureException") == of_clock);
  CHECK(told(301, "com.amazonaws.secretsmanager#InvalidSignatureException") == of_clock);
  CHECK(told(301, "RequestExpired") == of_clock);
  const Ending lost{FetchFault::auth_lost, "unauthorized"};
  CHECK(told(std::nullopt, "InvalidSignatureException") == lost);
  CHECK(told(290, "InvalidSignatureException") == lost);
  // Keys that are gone are gone, whatever the time is.
  CHECK(told(1'200, "UnrecognizedClientException") == lost);
  CHECK(told(1'200, "ExpiredTokenException") == Ending{FetchFault::auth_lost, "expired_token"});
  CHECK(told(1'200, "AccessDeniedException") == Ending{FetchFault::not_found, "forbidden"});
}

TEST_CASE("a wrong clock ends a fetch of several secrets with what came, and none is lost") {
  const World world;
  auto script = world.fetch({"a", "b"});
  to_value(script);
  script.date_off_s = 1'200;
  as<Call>(script.answer(200, value_answer(R"("sk-live")")));
  const Done done = as<Done>(script.answer(400, R"({"__type":"InvalidSignatureException"})"));
  CHECK(value_of(done, "a") == "sk-live");
  CHECK(missed_of(done, "b") == Ending{FetchFault::unavailable, "clock_differs"});
}

TEST_CASE("a pair that cannot stand in a field is told before anything is sent") {
  const World world;
  auto script = world.fetch();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("AKID EXAMPLE"));
  CHECK(ending(script.entry("secret")) == Ending{FetchFault::auth_lost, "no_key_pair"});
}

TEST_CASE("the call to Secrets Manager may fail in any way") {
  std::deque<World> worlds;
  check_troubles([&] {
    auto script = worlds.emplace_back().fetch();
    to_value(script);
    return script;
  });
}

TEST_CASE("K39 a tag that is a host alone is a note, and so is a description with the mark") {
  const std::string mark = "# avp-binding\n";
  CHECK(noted(tags(tag("team", "web") + "," + tag("avp-binding", "api.example.com"))) ==
        mark + "api.example.com");
  CHECK(noted(tags(tag("kow-binding", "host: api.example.com"))) == mark + "host: api.example.com");
  CHECK(noted(R"(,"Description":"# avp-binding\nhost: api.example.com\nmethods: [GET]")") ==
        mark + "host: api.example.com\nmethods: [GET]");
  // The tag comes first, unless it says nothing.
  const std::string described = R"(,"Description":"# avp-binding\nb.example.com")";
  CHECK(noted(tags(tag("avp-binding", "a.example.com")) + described) == mark + "a.example.com");
  CHECK(noted(tags(tag("avp-binding", " ")) + described) == mark + "b.example.com");
  CHECK(noted(tags(R"({"Key":"avp-binding"})") + described) == mark + "b.example.com");
}

TEST_CASE("two tags that say different things bind nothing") {
  const auto both = [](std::string_view one, std::string_view other) {
    return noted(tags(tag("avp-binding", one) + "," + tag("kow-binding", other)));
  };
  CHECK(both("a.example.com", "a.example.com") == "# avp-binding\na.example.com");
  CHECK(both("a.example.com", "b.example.com") == "# avp-binding");
}

TEST_CASE("what else somebody writes to a secret is not kept", "[I1]") {
  CHECK(noted("").empty());
  CHECK(noted(R"(,"Description":"the password is hunter2")").empty());
  CHECK(noted(tags(tag("owner", "hunter2"))).empty());
  CHECK(noted(R"(,"Description":"api.example.com, hunter2\nhost: a.example")") == "host:");
}

TEST_CASE("a list is read page by page, without any value, and signed") {
  const World world;
  auto script = world.notes();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("AKIDEXAMPLE"));
  const Call first = as<Call>(script.entry("secret"));
  CHECK(line_of(first) == "POST https://secretsmanager.us-east-1.amazonaws.com/");
  CHECK(field_of(first, "X-Amz-Target") == "secretsmanager.ListSecrets");
  CHECK(field_of(first, "Authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
  CHECK(body_of(first) == R"({"MaxResults":20})");
  const Call second =
      as<Call>(script.answer(200, R"({"SecretList":[{"Name":"A"}],"NextToken":"a\"b"})"));
  CHECK(body_of(second) == R"({"MaxResults":20,"NextToken":"a\"b"})");
  const auto page = R"({"SecretList":[{"Name":"team/B")" +
                    tags(tag("avp-binding", "b.example.com")) + R"(}],"NextToken":null})";
  const Done done = as<Done>(script.answer(200, page));
  CHECK(value_of(done, "A").empty());
  CHECK(value_of(done, "team/B") == "# avp-binding\nb.example.com");
}

TEST_CASE("a list that is no list, or more than is kept, is no answer") {
  const auto ended = [](std::string_view page) {
    const World world;
    auto script = world.notes();
    as<ReadEntry>(script.begin());
    as<ReadEntry>(script.entry("AKIDEXAMPLE"));
    as<Call>(script.entry("secret"));
    return ending(script.answer(page.starts_with(R"({"__type)") ? 400 : 200, page));
  };
  const Ending malformed{FetchFault::bad_answer, "malformed"};
  CHECK(ended("{}") == malformed);
  CHECK(ended(R"({"SecretList":[{"Name":7}]})") == malformed);
  CHECK(ended(R"({"__type":"AccessDeniedException"})") ==
        Ending{FetchFault::not_found, "forbidden"});
  std::string many = R"({"SecretList":[)";
  for (std::size_t i = 0; i <= kNotedSecretsMax; ++i) {
    many.append(i == 0 ? "" : ",").append(R"({"Name":"K"})");
  }
  CHECK(ended(many + "]}") == Ending{FetchFault::no_room, "notes_too_large"});
}

TEST_CASE("pages that go on without an end are ended", "[I10]") {
  const World world;
  auto script = world.notes();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("AKIDEXAMPLE"));
  Step step = script.entry("secret");
  int pages = 0;
  for (; std::holds_alternative<Call>(step) && pages < 5000; ++pages) {
    step = script.answer(200, R"({"SecretList":[],"NextToken":"more"})");
  }
  CHECK(pages == 1000);
  CHECK(ending(std::move(step)) == Ending{FetchFault::no_room, "notes_too_large"});
}

TEST_CASE("the list of Secrets Manager may fail in any way") {
  std::deque<World> worlds;
  check_troubles([&] {
    auto script = worlds.emplace_back().notes();
    as<ReadEntry>(script.begin());
    as<ReadEntry>(script.entry("AKIDEXAMPLE"));
    as<Call>(script.entry("secret"));
    return script;
  });
}

TEST_CASE("F09 fields that keys name are of one value, as those that the bindings name") {
  const auto backend = kAwsSecretsManagerKind.make(spec_of({{"region", "us-east-1"}}));
  CHECK(backend->whole_of("prod/db#user") == "prod/db");
  CHECK(backend->whole_of(key_text("prod/db", "password")) == "prod/db");
  CHECK(backend->whole_of("prod/db") == "prod/db");
}

}  // namespace keyswap::vault
