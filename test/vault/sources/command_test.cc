// SPDX-License-Identifier: Apache-2.0
//
// What programs print, read as their makers say; no program is run here (test/launcher).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "test/support/fake_engine.h"
#include "vault/sources/kinds.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

extern const BackendKind kCommandKind;

namespace {

using Keys = std::vector<std::string>;

constexpr std::int64_t kNowS = test::FakeTime::kStartUs / 1'000'000;

// One fetch from a program that is set so.
class World {
 public:
  explicit World(Keys keys = {"K"}, std::vector<SourceSetting> settings = {}) {
    REQUIRE(lock_memory());
    SourceSpec spec;
    spec.id = "mine";
    spec.settings = std::move(settings);
    backend_ = kCommandKind.make(spec);
    script_ = std::make_unique<test::RunScript>(backend_->fetch(keys));
    step_ = script_->begin();
  }

  // Of the program that is run next; "" none is.
  [[nodiscard]] std::string key() const {
    const auto* command = std::get_if<RunCommand>(&step_);
    return command == nullptr ? "" : command->key;
  }

  World& print(std::string_view out, int status = 0) {
    REQUIRE_FALSE(key().empty());
    auto secret = Secret::copy_of(out);
    REQUIRE(secret);
    step_ = script_->tell(CommandAnswer{status, std::move(*secret)});
    return *this;
  }

  World& fail(base::Errc code) {
    step_ = script_->tell(base::Error{code, "it did not work"});
    return *this;
  }

  World& cut_off() {
    auto end = script_->cut_off();
    step_ = std::visit([](auto& one) { return Step(std::move(one)); }, end);
    return *this;
  }

  // "KEY=VALUE@EXPIRY" for each; or why not.
  [[nodiscard]] std::string end() const {
    if (const auto* failed = std::get_if<Failed>(&step_)) {
      return failed->outcome;
    }
    const auto& done = std::get<Done>(step_);
    if (done.values.empty() && done.missed.size() == 1) {
      return done.missed.front().failed.outcome;
    }
    std::string text;
    for (const FetchedValue& one : done.values) {
      const auto [key, field] = parts_of(one.key);
      text += (text.empty() ? "" : " ") + std::string(key) +
              (field.empty() ? "" : "#" + std::string(field)) + "=" +
              std::string(one.value.reveal());
      text += one.expires_at ? "@" + std::to_string(*one.expires_at - kNowS) : "";
    }
    return text;
  }

  // Why nothing came for a key beside the others.
  [[nodiscard]] Failed missed(const std::string& key) const {
    for (const Missed& one : std::get<Done>(step_).missed) {
      if (one.key == key) {
        return one.failed;
      }
    }
    return {};
  }

  // Of the one key that it was asked for.
  [[nodiscard]] FetchFault fault() const {
    return std::get<Done>(step_).missed.front().failed.fault;
  }

 private:
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<test::RunScript> script_;
  Step step_;
};

std::string in_seconds(std::int64_t seconds) {
  return std::to_string(kNowS + seconds);
}

TEST_CASE("a text is the secret as it is, its line end for the cache to drop") {
  CHECK(World().print("sesame\n").end() == "K=sesame\n");
  CHECK(World().print("two words").end() == "K=two words");
  CHECK(World({"K"}, {{"output", "text"}}).print(R"({"type":"service_account"})").end() ==
        R"(K={"type":"service_account"})");
}

TEST_CASE("a value may say when it ends, as a time or in seconds") {
  CHECK(World().print(R"( {"value":"se\u0073ame"})").end() == "K=sesame");
  CHECK(World().print(R"({"value":"v","expires_at":)" + in_seconds(60) + "}").end() == "K=v@60");
  CHECK(World().print(R"({"value":"v","expires_at":null})").end() == "K=v");
  CHECK(World().print(R"({"value":"v","expires_at":"2099-01-01T00:00:00Z"})").end() ==
        "K=v@" + std::to_string(4070908800 - kNowS));
}

TEST_CASE("a field is picked of whatever object a program prints") {
  const std::string out = R"({"user":"u","password":"p","expires_at":)" + in_seconds(9) + "}";
  World world({key_text("db", "password"), key_text("db", "user")});
  CHECK(world.print(out).end() == "db#password=p@9 db#user=u@9");
  CHECK(World({key_text("db", "value")}).print(R"({"value":"v"})").end() == "db#value=v");
  CHECK(World({key_text("db", "none")}).print(out).end() == "malformed");
  CHECK(World({"db"}).print(out).end() == "unknown_key");
}

TEST_CASE("what AWS calls credential_process is read by its parts") {
  const std::string out =
      R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s3","SessionToken":"t",)"
      R"("Expiration":"2099-01-01T00:00:00Z"})";
  const std::string at = "@" + std::to_string(4070908800 - kNowS);
  World world({key_text("aws", "SecretAccessKey"), key_text("aws", "AccessKeyId")});
  CHECK(world.key() == "aws");
  CHECK(world.print(out).end() == "aws#AccessKeyId=AKIA" + at + " aws#SecretAccessKey=s3" + at);
  CHECK(World({"aws"}).print(out).end() == "malformed");
  CHECK(World({key_text("aws", "Version")}).print(out).end() == "malformed");
  CHECK(World({key_text("aws", "AccessKeyId")})
            .print(R"({"Version":2,"AccessKeyId":"AKIA"})")
            .end() == "malformed");
}

TEST_CASE("what Kubernetes calls an ExecCredential is its token") {
  const std::string out =
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",)"
      R"("status":{"token":"tok","expirationTimestamp":"2099-01-01T00:00:00Z"}})";
  CHECK(World().print(out).end() == "K=tok@" + std::to_string(4070908800 - kNowS));
  CHECK(World().print(R"({"kind":"Pod","status":{"token":"tok"}})").end() == "malformed");
  CHECK(World().print(R"({"kind":"ExecCredential","status":{}})").end() == "malformed");
}

TEST_CASE("what is no answer is none, and its text goes nowhere [I1]", "[I1]") {
  const std::vector<std::pair<std::string, std::string>> outs = {
      {"", "empty"},
      {"\n\n", "empty"},
      {R"({"value":""})", "empty"},
      {R"({"value":"v","more":1})", "unknown_key"},
      {R"({"value":"v","value":"w"})", "malformed"},
      {R"({"value":1})", "malformed"},
      {R"({"value":"v","expires_at":"soon"})", "malformed"},
      {R"({"value":"v","expires_at":1.5})", "malformed"},
      {R"({"value":"v")", "malformed"},
      {"{}", "malformed"},
      {R"({"value":"v","expires_at":)" + in_seconds(0) + "}", "expired"},
      {R"({"value":"v","expires_at":"1999-01-01T00:00:00Z"})", "expired"}};
  for (const auto& [out, outcome] : outs) {
    INFO(out);
    const World world = std::move(World().print(out));
    CHECK(world.end() == outcome);
    CHECK(world.fault() == FetchFault::bad_answer);
  }
  CHECK(World({key_text("K", "f")}).print("text").end() == "malformed");
  CHECK(World({"K"}, {{"output", "json"}}).print("text").end() == "malformed");
}

TEST_CASE("why a program gave nothing is told by words of ours") {
  CHECK(World().print("sesame", 1).end() == "exit_status");
  CHECK(World().fail(base::Errc::timed_out).end() == "timed_out");
  CHECK(World().fail(base::Errc::permission).end() == "not_permitted");
  CHECK(World().fail(base::Errc::limit_exceeded).end() == "answer_too_large");
  CHECK(World().fail(base::Errc::unavailable).end() == "not_started");
}

TEST_CASE("a program runs once for each key, and one that fails is in nobody's way") {
  World world({"b", key_text("a", ""), "c"});
  CHECK(world.key() == "a");
  world.print("one");
  CHECK(world.key() == "b");
  world.print("two", 3);
  CHECK(world.key() == "c");
  world.print("three");
  CHECK(world.end() == "a=one c=three");
  CHECK(world.missed("b").fault == FetchFault::unavailable);
  CHECK(world.missed("b").outcome == "exit_status");
}

TEST_CASE("what a program prints, and exits with, is said of the key that it ran for") {
  World alone({"a"});
  alone.print("", 1);
  CHECK(alone.end() == "exit_status");
  CHECK(alone.missed("a").fault == FetchFault::unavailable);
  World bad({"a", "b"});
  bad.print("").print("", 1);
  CHECK(bad.missed("a").outcome == "empty");
  CHECK(bad.missed("a").fault == FetchFault::bad_answer);
  CHECK(bad.missed("b").outcome == "exit_status");
}

TEST_CASE("a fetch that is late gives what programs have printed by then") {
  World some({"a", "b", "c"});
  some.print("one").print("two", 3).cut_off();
  CHECK(some.end() == "a=one");
  CHECK(some.missed("b").outcome == "exit_status");
  CHECK(some.missed("c").outcome == "timed_out");
  World none({"a", "b"});
  none.cut_off();
  CHECK(none.end() == "timed_out");
}

TEST_CASE("a setting says what it can be") {
  const auto problem = [](std::string_view name, std::string_view value) {
    for (const SettingRule& rule : kCommandKind.settings) {
      if (rule.name == name) {
        return rule.check(value) == nullptr ? std::string() : std::string(rule.check(value));
      }
    }
    return std::string("no such setting");
  };
  CHECK(kCommandKind.wants_command);
  CHECK(problem("timeout_seconds", "1").empty());
  CHECK(problem("timeout_seconds", "60").empty());
  for (const char* bad : {"0", "61", "", "-1", "1s", "1.5", " 1"}) {
    CHECK_FALSE(problem("timeout_seconds", bad).empty());
  }
  CHECK(problem("output", "text").empty());
  CHECK_FALSE(problem("output", "yaml").empty());
  CHECK(problem("environment", "OP_SESSION\nAWS_PROFILE").empty());
  CHECK_FALSE(problem("environment", "A=b").empty());
  CHECK_FALSE(problem("environment", "KEYSWAP_PASSPHRASE").empty());
}

}  // namespace
}  // namespace keyswap::vault
