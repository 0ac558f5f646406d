// SPDX-License-Identifier: Apache-2.0
//
// STS as its API reference answers, without a socket. The pair and the time are those of AWS's own
// test suite for Signature Version 4.
#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kAwsStsKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kSuiteS = 1'440'938'160;  // 2015-08-30T12:36:00Z
const std::string kRole = "arn:aws:iam::123456789012:role/demo";

std::vector<SourceSetting> pair_settings() {
  return {
      {"region", "us-east-1"}, {"access_key_id", "AWS_ID"}, {"secret_access_key", "AWS_SECRET"}};
}

struct World {
  explicit World(std::vector<SourceSetting> settings = pair_settings())
      : backend(kAwsStsKind.make(spec_of(std::move(settings)))) {}

  std::unique_ptr<Backend> backend;

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys,
                                      std::int64_t now_s = kSuiteS) const {
    test::RunScript script(backend->fetch(keys));
    script.now_us = now_s * kSecondUs;
    return script;
  }
};

std::vector<std::string> all_three() {
  return {key_text(kRole, "AccessKeyId"),
          key_text(kRole, "SecretAccessKey"),
          key_text(kRole, "SessionToken")};
}

Call to_call(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "AWS_ID");
  CHECK(as<ReadEntry>(script.entry("AKIDEXAMPLE")).name.text() == "AWS_SECRET");
  return as<Call>(script.entry("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
}

std::string answer_of(const std::string& action = "AssumeRole",
                      std::string_view id = "ASIAONE",
                      std::string_view end = "2015-08-30T13:36:00Z") {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" +
         action +
         "Result>\n    <AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser>\n    <Credentials>\n"
         "      <AccessKeyId>" +
         std::string(id) +
         "</AccessKeyId>\n      <SecretAccessKey>s/e+cret</SecretAccessKey>\n"
         "      <SessionToken>to//ken==</SessionToken>\n      <Expiration>" +
         std::string(end) + "</Expiration>\n    </Credentials>\n  </" + action +
         "Result>\n  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\n</" + action +
         "Response>\n";
}

std::string error_of(std::string_view code) {
  return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
         "</Type><Code>" +
         std::string(code) +
         "</Code><Message>about it</Message></Error><RequestId>r</RequestId></ErrorResponse>";
}

}  // namespace

TEST_CASE("STS: the request's signature is the one of the facts; one answer is all three parts") {
  const World world;
  auto script = world.fetch(all_three());
  const Call call = to_call(script);
  CHECK(line_of(call) == "POST https://sts.us-east-1.amazonaws.com/");
  CHECK(body_of(call) ==
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole"
        "%2Fdemo&RoleSessionName=keyswap&DurationSeconds=3600");
  CHECK(field_of(call, "Authorization")
            .ends_with("SignedHeaders=content-type;host;x-amz-date, Signature="
                       "f93128ac700de5d61854d5b6c9ce5e9142d4fa10776683b2e2e3636b14aa6a23"));
  const Done done = as<Done>(script.answer(200, answer_of()));
  CHECK(value_of(done, all_three()[0]) == "ASIAONE");
  CHECK(value_of(done, all_three()[1]) == "s/e+cret");
  CHECK(value_of(done, all_three()[2]) == "to//ken==");
  for (const FetchedValue& value : done.values) {
    CHECK(value.expires_at == kSuiteS + 3'600);  // as STS says it
  }
}

TEST_CASE(
    "F09 until an answer is replaced it serves all of its parts, whenever they are asked for") {
  const World world;
  auto first = world.fetch({all_three()[0]});
  to_call(first);
  as<Done>(first.answer(200, answer_of()));
  const Done later = as<Done>(world.fetch({all_three()[1]}, kSuiteS + 3'299).begin());
  CHECK(value_of(later, all_three()[1]) == "s/e+cret");
  CHECK(later.values.front().expires_at == kSuiteS + 3'600);
  auto behind = world.fetch({all_three()[0]}, kSuiteS + 3'300);
  to_call(behind);
  const Done next =
      as<Done>(behind.answer(200, answer_of("AssumeRole", "ASIATWO", "2015-08-30T14:31:00Z")));
  CHECK(value_of(next, all_three()[0]) == "ASIATWO");
}

TEST_CASE("STS that is down cuts off no credentials that are good for minutes more") {
  World world;
  auto first = world.fetch(all_three());
  to_call(first);
  as<Done>(first.answer(200, answer_of()));
  const std::int64_t late_s = kSuiteS + 3'600 - 290;
  const auto still_given = [&](const Step& step) {
    REQUIRE(std::holds_alternative<Done>(step));
    const Done& done = std::get<Done>(step);
    CHECK(value_of(done, all_three()[0]) == "ASIAONE");
    CHECK(value_of(done, all_three()[1]) == "s/e+cret");
    CHECK(value_of(done, all_three()[2]) == "to//ken==");
    CHECK(done.values.front().expires_at == kSuiteS + 3'600);
  };
  auto down = world.fetch(all_three(), late_s);
  to_call(down);
  still_given(down.answer(503, ""));
  auto busy = world.fetch(all_three(), late_s);
  to_call(busy);
  still_given(busy.answer(400, error_of("Throttling")));
  auto away = world.fetch(all_three(), late_s);
  to_call(away);
  still_given(away.tell(base::Error{base::Errc::network, "refused"}));
  auto back = world.fetch(all_three(), late_s);
  to_call(back);
  const Done next =
      as<Done>(back.answer(200, answer_of("AssumeRole", "ASIATWO", "2015-08-30T14:31:00Z")));
  CHECK(value_of(next, all_three()[0]) == "ASIATWO");
}

TEST_CASE("what STS gave ends with its end, and with a word that the role is not ours any more") {
  const World world;
  const auto given = [&] {
    auto first = world.fetch(all_three());
    to_call(first);
    as<Done>(first.answer(200, answer_of()));
  };
  given();
  auto forbidden = world.fetch({all_three()[0]}, kSuiteS + 3'400);
  to_call(forbidden);
  CHECK(ending(forbidden.answer(403, error_of("AccessDenied"))) ==
        Ending{FetchFault::not_found, "forbidden"});
  auto slow = world.fetch({all_three()[0]}, kSuiteS + 3'599);
  to_call(slow);
  slow.now_us = (kSuiteS + 3'600) * kSecondUs;
  CHECK(ending(slow.answer(503, "")) == Ending{FetchFault::unavailable, "server_error"});
  auto over = world.fetch({all_three()[0]}, kSuiteS + 3'600);
  to_call(over);
  CHECK(ending(over.answer(503, "")) == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("after an emptying a role is assumed anew, and what was under way is not kept") {
  const World world;
  auto first = world.fetch(all_three());
  to_call(first);
  as<Done>(first.answer(200, answer_of()));
  as<Done>(world.fetch(all_three()).begin());
  world.backend->forget();
  auto second = world.fetch(all_three());
  to_call(second);
  world.backend->forget();
  const Done done = as<Done>(second.answer(200, answer_of()));
  CHECK(done.values.size() == 3);  // all of one answer
  auto third = world.fetch(all_three());
  to_call(third);
}

TEST_CASE("a token of a file, such as Kubernetes', is its own proof") {
  const World world({{"region", "eu-west-1"},
                     {"web_identity_token", "/var/run/token"},
                     {"session_name", "agent-1"},
                     {"duration_seconds", "900"}});
  auto script = world.fetch(all_three());
  const ReadFile file = as<ReadFile>(script.begin());
  CHECK(file.path == "/var/run/token");
  CHECK(file.is_mounted);
  const Call call = as<Call>(script.entry("eyJ.a.b\n", ""));
  CHECK(line_of(call) == "POST https://sts.eu-west-1.amazonaws.com/");
  CHECK(field_of(call, "Authorization").empty());
  CHECK(body_of(call) ==
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
        "123456789012%3Arole%2Fdemo&RoleSessionName=agent-1&DurationSeconds=900&WebIdentityToken="
        "eyJ.a.b");
  const Done done = as<Done>(script.answer(200, answer_of("AssumeRoleWithWebIdentity", "ASIAWEB")));
  CHECK(value_of(done, all_three()[0]) == "ASIAWEB");
}

TEST_CASE("an external id goes into the call") {
  auto settings = pair_settings();
  settings.push_back({"external_id", "a b"});
  const World world(settings);
  auto script = world.fetch(all_three());
  CHECK(body_of(to_call(script)).ends_with("&DurationSeconds=3600&ExternalId=a%20b"));
}

TEST_CASE(
    "a role is narrowed by policies, in the request or of the account, either way it is had") {
  auto settings = pair_settings();
  settings.push_back({"external_id", "e"});
  settings.push_back({"policy", R"({"Statement":[]})"});
  settings.push_back({"policy_arns", "arn:aws:iam::1:policy/a\narn:aws:iam::1:policy/b"});
  const std::string narrowed =
      "&DurationSeconds=3600&Policy=%7B%22Statement%22%3A%5B%5D%7D"
      "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fa"
      "&PolicyArns.member.2.arn=arn%3Aaws%3Aiam%3A%3A1%3Apolicy%2Fb";
  const World world(settings);
  auto script = world.fetch(all_three());
  CHECK(body_of(to_call(script)).ends_with(narrowed + "&ExternalId=e"));
  const World other({{"region", "eu-west-1"},
                     {"web_identity_token", "/var/run/token"},
                     settings[settings.size() - 2],
                     settings.back()});
  auto by_token = other.fetch(all_three());
  as<ReadFile>(by_token.begin());
  CHECK(body_of(as<Call>(by_token.entry("eyJ", ""))).ends_with(narrowed + "&WebIdentityToken=eyJ"));
}

TEST_CASE("what STS would refuse of its settings is refused when the file is read") {
  const auto refused = [](std::string_view name, std::string_view text) {
    const auto rule = std::ranges::find(kAwsStsKind.settings, name, &SettingRule::name);
    REQUIRE(rule != kAwsStsKind.settings.end());
    return rule->check(text) != nullptr;
  };
  CHECK_FALSE(refused("policy", R"({"Version":"2012-10-17","Statement":[]})"));
  CHECK(refused("policy", "[]"));
  CHECK(refused("policy", ""));
  CHECK(refused("policy", R"({"Sid":")" + std::string(2048, 'a') + "\"}"));
  CHECK_FALSE(refused("policy_arns", kRole));
  CHECK(refused("policy_arns", ""));
  CHECK(refused("policy_arns", kRole + "\nReadOnlyAccess"));
  std::string many = kRole;
  for (int i = 1; i < 10; ++i) {
    many += "\n" + kRole;
  }
  CHECK_FALSE(refused("policy_arns", many));
  CHECK(refused("policy_arns", many + "\n" + kRole));
}

TEST_CASE("a role is assumed by a pair or by a token, and not by neither") {
  const auto refused = [](std::vector<SourceSetting> settings) {
    return kAwsStsKind.check(spec_of(std::move(settings))) != nullptr;
  };
  CHECK_FALSE(refused(pair_settings()));
  CHECK_FALSE(refused({{"web_identity_token", "T"}}));
  CHECK(refused({{"region", "us-east-1"}}));
  CHECK(refused({{"access_key_id", "A"}}));
  CHECK(refused({{"web_identity_token", "T"}, {"external_id", "e"}}));
}

TEST_CASE("STS's errors are told by their code; an expired token is lost, and what it gave") {
  const World world;
  auto first = world.fetch(all_three());
  to_call(first);
  as<Done>(first.answer(200, answer_of()));
  const std::string other = "arn:aws:iam::123456789012:role/other";
  const auto told = [&](int status, std::string_view code) {
    auto script = world.fetch({key_text(other, "AccessKeyId")});
    to_call(script);
    return ending(script.answer(status, error_of(code)));
  };
  CHECK(told(403, "AccessDenied") == Ending{FetchFault::not_found, "forbidden"});
  CHECK(told(400, "Throttling") == Ending{FetchFault::unavailable, "rate_limited"});
  CHECK(told(400, "MalformedPolicyDocument") == Ending{FetchFault::bad_answer, "refused"});
  as<Done>(world.fetch(all_three()).begin());
  CHECK(told(403, "ExpiredToken") == Ending{FetchFault::auth_lost, "expired_token"});
  as<ReadEntry>(world.fetch(all_three()).begin());
}

TEST_CASE("a wrong clock of ours loses nothing that STS gave") {
  const World world;
  auto first = world.fetch(all_three());
  to_call(first);
  as<Done>(first.answer(200, answer_of()));
  const std::string other = "arn:aws:iam::123456789012:role/other";
  const auto told = [&](std::optional<std::int64_t> date_off_s, std::string_view code) {
    auto script = world.fetch({key_text(other, "AccessKeyId")});
    to_call(script);
    script.date_off_s = date_off_s;
    return ending(script.answer(403, error_of(code)));
  };
  const Ending of_clock{FetchFault::unavailable, "clock_differs"};
  CHECK(told(301, "SignatureDoesNotMatch") == of_clock);
  CHECK(told(-301, "SignatureDoesNotMatch") == of_clock);
  CHECK(told(301, "RequestExpired") == of_clock);
  // While another role is asked for, those that are known are there; near its end, too.
  as<Done>(world.fetch(all_three()).begin());
  auto late = world.fetch(all_three(), kSuiteS + 3'310);
  to_call(late);
  late.date_off_s = 1'200;
  const Done done = as<Done>(late.answer(403, error_of("SignatureDoesNotMatch")));
  CHECK(value_of(done, all_three()[0]) == "ASIAONE");
  CHECK(told(1'200, "InvalidClientTokenId") == Ending{FetchFault::auth_lost, "unauthorized"});
  as<ReadEntry>(world.fetch(all_three()).begin());
}

TEST_CASE("a signature that STS refuses while the clocks agree is of a pair that is lost") {
  const World world;
  for (const auto date_off_s : {std::optional<std::int64_t>(), std::optional<std::int64_t>(290)}) {
    auto script = world.fetch(all_three());
    to_call(script);
    script.date_off_s = date_off_s;
    CHECK(ending(script.answer(403, error_of("SignatureDoesNotMatch"))) ==
          Ending{FetchFault::auth_lost, "unauthorized"});
  }
}

TEST_CASE("what is no role, no field of one, or no answer, is told") {
  const World world;
  CHECK(ending(world.fetch({"demo"}).begin()) == Ending{FetchFault::not_found, "no_role"});
  CHECK(ending(world.fetch({"arn:a b"}).begin()).outcome == "no_role");
  auto whole = world.fetch({kRole});
  to_call(whole);
  CHECK(ending(whole.answer(200, answer_of())).outcome == "no_such_field");
  for (const std::string& bad : {std::string(),
                                 answer_of("AssumeRole", ""),
                                 answer_of("AssumeRole", "A&amp;B"),
                                 answer_of("AssumeRole", "ASIA", "tomorrow"),
                                 answer_of("AssumeRoleWithWebIdentity"),
                                 answer_of() + "x",
                                 error_of("AccessDenied")}) {
    INFO(bad);
    const World fresh;
    auto script = fresh.fetch(all_three());
    to_call(script);
    CHECK(as<Done>(script.answer(200, bad)).values.empty());
  }
}

TEST_CASE("the call to STS may fail in any way") {
  std::deque<World> worlds;
  for (const Trouble& trouble : troubles()) {
    INFO(trouble.name);
    auto script = worlds.emplace_back().fetch({all_three()[0]});
    to_call(script);
    CHECK(ending(tell(script, trouble)) == Ending{trouble.fault, trouble.outcome});
  }
}

TEST_CASE("settings that STS would refuse are told beforehand") {
  for (const SettingRule& rule : kAwsStsKind.settings) {
    if (rule.name == "duration_seconds") {
      CHECK(rule.check("900") == nullptr);
      CHECK(rule.check("43200") == nullptr);
      for (const auto* const bad : {"", "899", "43201", "1e3", "-900", "900 "}) {
        INFO(bad);
        CHECK(rule.check(bad) != nullptr);
      }
    } else if (rule.name == "session_name") {
      CHECK(rule.check("agent@host.1") == nullptr);
      CHECK(rule.check("a") != nullptr);
      CHECK(rule.check("a b") != nullptr);
    } else if (rule.name == "region") {
      CHECK(rule.check("us-east-1") == nullptr);
      CHECK(rule.check("us-east-1.evil.example/") != nullptr);
    }
  }
}

}  // namespace keyswap::vault
