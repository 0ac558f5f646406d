// SPDX-License-Identifier: Apache-2.0
//
// A Vault as its API's documentation answers, without a socket.
#include <deque>
#include <string>
#include <string_view>

#include "test/vault/sources/backend_support.h"
#include "vault/sources/hashicorp_login.h"

namespace keyswap::vault {

extern const BackendKind kVaultKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

constexpr std::int64_t kSecondUs = 1'000'000;

std::vector<SourceSetting> role_settings() {
  return {{"address", "https://vault.corp.example:8200"},
          {"auth", "approle"},
          {"role_id", "HV_ROLE"},
          {"secret_id", "HV_SECRET"},
          {"namespace", "team-a"}};
}

struct World {
  explicit World(std::vector<SourceSetting> settings = role_settings())
      : backend(kVaultKind.make(spec_of(std::move(settings)))) {}

  std::unique_ptr<Backend> backend;

  [[nodiscard]] test::RunScript fetch(std::vector<std::string> keys = {"app/openai"}) const {
    return test::RunScript(backend->fetch(keys));
  }
};

std::string login_answer(std::string_view token = "hvs.made",
                         std::int64_t lease_s = 20,
                         bool is_renewable = true) {
  return R"({"auth":{"client_token":")" + std::string(token) +
         R"(","accessor":"a","lease_duration":)" + std::to_string(lease_s) + R"(,"renewable":)" +
         (is_renewable ? "true" : "false") + R"(,"policies":["default"]}})";
}

std::string value_answer(std::string_view data = R"({"key":"sk-live"})", int version = 3) {
  return R"({"data":{"data":)" + std::string(data) + R"(,"metadata":{"version":)" +
         std::to_string(version) + R"(,"destroyed":false}}})";
}

void to_login(test::RunScript& script) {
  CHECK(as<ReadEntry>(script.begin()).name.text() == "HV_ROLE");
  CHECK(as<ReadEntry>(script.entry("role-1")).name.text() == "HV_SECRET");
  as<Call>(script.entry("s\"ecret"));
}

Step to_value(test::RunScript& script) {
  to_login(script);
  return script.answer(200, login_answer());
}

void log_in(const World& world, std::string_view answer) {
  test::RunScript script(world.backend->log_in());
  to_login(script);
  as<Done>(script.answer(200, answer));
}

}  // namespace

TEST_CASE("Vault: a role logs in, and a field of an object is the value") {
  const World world;
  auto script = world.fetch();
  as<ReadEntry>(script.begin());
  as<ReadEntry>(script.entry("role-1"));
  const Call login = as<Call>(script.entry("s\"ecret"));
  CHECK(line_of(login) == "POST https://vault.corp.example:8200/v1/auth/approle/login");
  CHECK(body_of(login) == R"({"role_id":"role-1","secret_id":"s\"ecret"})");
  CHECK(field_of(login, "X-Vault-Namespace") == "team-a");
  CHECK(field_of(login, "X-Vault-Token").empty());
  const Call value = as<Call>(script.answer(200, login_answer()));
  CHECK(line_of(value) == "GET https://vault.corp.example:8200/v1/secret/data/app/openai");
  CHECK(field_of(value, "X-Vault-Token") == "hvs.made");
  CHECK(field_of(value, "X-Vault-Namespace") == "team-a");
  const Done done = as<Done>(script.answer(200, value_answer()));
  CHECK(value_of(done, "app/openai") == "sk-live");
  CHECK(done.values.front().version == "3");
}

TEST_CASE("a field is asked for by its name where there are several") {
  const World world;
  log_in(world, login_answer());
  const auto field = key_text("db/app one", "password");
  auto script = world.fetch({field, "db/app one", "db/none"});
  CHECK(as<Call>(script.begin()).url ==
        "https://vault.corp.example:8200/v1/secret/data/db/app%20one");
  const auto both = value_answer(R"({"user":"u","password":"p"})");
  // One answer is for all fields of a key.
  CHECK(as<Call>(script.answer(200, both)).url.ends_with("/data/db/none"));
  const Done done = as<Done>(script.answer(404, R"({"errors":[]})"));
  CHECK(value_of(done, field) == "p");
  CHECK(value_of(done, "db/app one") == "(none)");
  auto alone = world.fetch({"db/app one"});
  as<Call>(alone.begin());
  CHECK(ending(alone.answer(200, both)) == Ending{FetchFault::bad_answer, "several_fields"});
}

TEST_CASE("F09 fields of one value that are asked for together are of one answer") {
  const World world;
  log_in(world, login_answer());
  const auto user = key_text("db", "user");
  const auto password = key_text("db", "password");
  auto script = world.fetch({password, user});
  as<Call>(script.begin());
  const Done done = as<Done>(script.answer(200, value_answer(R"({"user":"u","password":"p"})", 7)));
  CHECK(value_of(done, user) == "u");
  CHECK(value_of(done, password) == "p");
  CHECK(done.values.front().version == "7");
  CHECK(done.values.back().version == "7");
}

TEST_CASE("a version that was deleted is told from what never was") {
  const World world;
  log_in(world, login_answer());
  auto deleted = world.fetch();
  as<Call>(deleted.begin());
  CHECK(ending(deleted.answer(
            404,
            R"({"data":{"data":null,"metadata":{"version":2,"deletion_time":"2026-01-01"}}})")) ==
        Ending{FetchFault::not_found, "deleted"});
  auto missing = world.fetch();
  as<Call>(missing.begin());
  CHECK(ending(missing.answer(404, R"({"errors":[]})")) ==
        Ending{FetchFault::not_found, "not_found"});
}

TEST_CASE("a lease of 20 s is renewed at 10 s") {
  const World world;
  log_in(world, login_answer());
  const std::int64_t start_us = test::FakeTime::kStartUs;
  CHECK(world.backend->login_due_us() == start_us + 10 * kSecondUs);
  test::RunScript renewal(world.backend->log_in());
  renewal.now_us = start_us + 10 * kSecondUs;
  const Call renew = as<Call>(renewal.begin());
  CHECK(line_of(renew) == "POST https://vault.corp.example:8200/v1/auth/token/renew-self");
  CHECK(field_of(renew, "X-Vault-Token") == "hvs.made");
  as<Done>(renewal.answer(200, login_answer("hvs.made", 60)));
  CHECK(world.backend->login_due_us() == start_us + 40 * kSecondUs);
}

TEST_CASE("what is not renewed is made anew; a Vault that is down is asked again later") {
  const World world;
  log_in(world, login_answer());
  for (const int status : {400, 403, 404, 302}) {
    INFO(status);
    test::RunScript renewal(world.backend->log_in());
    as<Call>(renewal.begin());
    as<ReadEntry>(renewal.answer(status, R"({"errors":["lease is not renewable"]})"));
  }
  test::RunScript down(world.backend->log_in());
  as<Call>(down.begin());
  CHECK(ending(down.answer(500, "")) == Ending{FetchFault::unavailable, "server_error"});
  const World other;
  log_in(other, login_answer("hvs.made", 20, false));
  test::RunScript anew(other.backend->log_in());
  CHECK(as<ReadEntry>(anew.begin()).name.text() == "HV_ROLE");
}

TEST_CASE("a log-in at half of a lease that is refused takes the token of before from nobody") {
  const World world;
  log_in(world, login_answer("hvs.made", 20, false));
  const std::int64_t start_us = test::FakeTime::kStartUs;
  const auto refuse_at = [&](std::int64_t second) {
    test::RunScript anew(world.backend->log_in());
    anew.now_us = start_us + second * kSecondUs;
    to_login(anew);
    CHECK(ending(anew.answer(400, R"({"errors":["invalid secret id"]})")) ==
          Ending{FetchFault::auth_lost, "login_refused"});
  };
  refuse_at(10);
  CHECK(world.backend->login_ends_us() == start_us + 20 * kSecondUs);
  auto script = world.fetch();
  script.now_us = start_us + 19 * kSecondUs;
  CHECK(field_of(as<Call>(script.begin()), "X-Vault-Token") == "hvs.made");
  refuse_at(20);
  CHECK(world.backend->login_ends_us() == 0);
}

TEST_CASE("a lease that is over is not asked with") {
  const World world;
  log_in(world, login_answer());
  auto script = world.fetch();
  script.now_us = test::FakeTime::kStartUs + 20 * kSecondUs;
  as<ReadEntry>(script.begin());
}

TEST_CASE("a token of the vault of this machine: its lease is looked up, and it is not revoked") {
  const World world({{"address", "http://127.0.0.1:8200"}, {"token", "HV_TOKEN"}, {"mount", "kv"}});
  auto script = world.fetch();
  CHECK(as<ReadEntry>(script.begin()).name.text() == "HV_TOKEN");
  const Call look = as<Call>(script.entry("hvs.own\n", ""));
  CHECK(line_of(look) == "GET http://127.0.0.1:8200/v1/auth/token/lookup-self");
  CHECK(field_of(look, "X-Vault-Token") == "hvs.own");
  const Call value = as<Call>(script.answer(200, R"({"data":{"ttl":0,"renewable":false}})"));
  CHECK(line_of(value) == "GET http://127.0.0.1:8200/v1/kv/data/app/openai");
  as<Done>(script.answer(200, value_answer()));
  CHECK(world.backend->login_due_us() == INT64_MAX);
  CHECK(world.backend->log_out() == nullptr);
  auto bad = World({{"address", "http://127.0.0.1:8200"}, {"token", "HV_TOKEN"}});
  auto refused = bad.fetch();
  as<ReadEntry>(refused.begin());
  CHECK(ending(refused.entry("a b")) == Ending{FetchFault::auth_lost, "no_token"});
}

TEST_CASE("a token that may not look itself up reads its secrets; one that reads none is lost") {
  const World world({{"address", "http://127.0.0.1:8200"}, {"token", "HV_TOKEN"}});
  const auto to_read = [](test::RunScript& script) {
    as<ReadEntry>(script.begin());
    as<Call>(script.entry("hvs.narrow"));
    return as<Call>(script.answer(403, R"({"errors":["permission denied"]})"));
  };
  auto script = world.fetch();
  const Call value = to_read(script);
  CHECK(line_of(value) == "GET http://127.0.0.1:8200/v1/secret/data/app/openai");
  CHECK(field_of(value, "X-Vault-Token") == "hvs.narrow");
  CHECK(value_of(as<Done>(script.answer(200, value_answer())), "app/openai") == "sk-live");
  CHECK(world.backend->login_due_us() == INT64_MAX);
  CHECK(world.backend->log_out() == nullptr);
  const World other({{"address", "http://127.0.0.1:8200"}, {"token", "HV_TOKEN"}});
  auto wrong = other.fetch();
  to_read(wrong);
  as<Call>(wrong.answer(403, ""));       // is it lost?
  as<ReadEntry>(wrong.answer(403, ""));  // it cannot say, so it is read anew
  as<Call>(wrong.entry("hvs.narrow"));
  as<Call>(wrong.answer(403, ""));
  as<Call>(wrong.answer(403, ""));
  CHECK(ending(wrong.answer(403, "")) == Ending{FetchFault::auth_lost, "unauthorized"});
}

TEST_CASE("Kubernetes: the token of a file logs in under a role") {
  const World world({{"address", "https://vault.corp.example"},
                     {"auth", "kubernetes"},
                     {"auth_mount", "k8s/west"},
                     {"role", "agents"},
                     {"jwt_file", "/var/run/token"}});
  auto script = world.fetch();
  const ReadFile file = as<ReadFile>(script.begin());
  CHECK(file.path == "/var/run/token");
  CHECK(file.is_mounted);
  const Call login = as<Call>(script.entry("eyJ.a.b\n", ""));
  CHECK(line_of(login) == "POST https://vault.corp.example/v1/auth/k8s/west/login");
  CHECK(body_of(login) == R"({"role":"agents","jwt":"eyJ.a.b"})");
  as<Call>(script.answer(200, login_answer()));
}

TEST_CASE("a 403 of a good token is the policy's; of a bad one, it leads to one log-in") {
  const World world;
  auto forbidden = world.fetch();
  as<Call>(to_value(forbidden));
  const Call look = as<Call>(forbidden.answer(403, R"({"errors":["permission denied"]})"));
  CHECK(line_of(look) == "GET https://vault.corp.example:8200/v1/auth/token/lookup-self");
  CHECK(ending(forbidden.answer(200, R"({"data":{}})")) ==
        Ending{FetchFault::not_found, "forbidden"});
  auto revoked = world.fetch();
  as<Call>(revoked.begin());
  as<Call>(revoked.answer(403, ""));
  as<ReadEntry>(revoked.answer(403, ""));
  as<ReadEntry>(revoked.entry("role-1"));
  as<Call>(revoked.entry("secret"));
  CHECK(field_of(as<Call>(revoked.answer(200, login_answer("hvs.second"))), "X-Vault-Token") ==
        "hvs.second");
  CHECK(value_of(as<Done>(revoked.answer(200, value_answer())), "app/openai") == "sk-live");
}

TEST_CASE("G14 a token that is lost twice is lost") {
  const World world;
  auto script = world.fetch();
  as<Call>(to_value(script));
  as<Call>(script.answer(403, ""));
  as<ReadEntry>(script.answer(403, ""));
  as<ReadEntry>(script.entry("role-1"));
  as<Call>(script.entry("secret"));
  as<Call>(script.answer(200, login_answer()));
  as<Call>(script.answer(403, ""));
  CHECK(ending(script.answer(403, "")) == Ending{FetchFault::auth_lost, "unauthorized"});
  CHECK(world.backend->login_due_us() == 0);
}

TEST_CASE("of several keys, one that the policy forbids is not in the others' way") {
  const World world;
  log_in(world, login_answer());
  auto script = world.fetch({"closed", "app/openai"});
  as<Call>(script.begin());
  as<Call>(script.answer(403, ""));
  as<Call>(script.answer(200, R"({"data":{}})"));
  const Done done = as<Done>(script.answer(200, value_answer()));
  CHECK(value_of(done, "closed") == "(none)");
  CHECK(value_of(done, "app/openai") == "sk-live");
}

TEST_CASE("of several keys, one whose path fails in Vault is not in the others' way") {
  const World world;
  log_in(world, login_answer());
  auto script = world.fetch({"app/openai", "broken", "other"});
  as<Call>(script.begin());
  as<Call>(script.answer(200, value_answer()));
  as<Call>(script.answer(500, R"({"errors":["unsupported path"]})"));
  const Done done = as<Done>(script.answer(200, value_answer()));
  CHECK(value_of(done, "app/openai") == "sk-live");
  CHECK(value_of(done, "other") == "sk-live");
  CHECK(missed_of(done, "broken") == Ending{FetchFault::unavailable, "server_error"});
}

TEST_CASE("a role that is refused is told as that") {
  for (const int status : {400, 403}) {
    const World world;
    auto script = world.fetch();
    to_login(script);
    CHECK(ending(script.answer(status, R"({"errors":["invalid secret id"]})")) ==
          Ending{FetchFault::auth_lost, "login_refused"});
  }
}

TEST_CASE(
    "a Vault that fails at any call of a log-in, a fetch or a listing is told as what it is") {
  std::deque<World> worlds;
  const auto by_role = [&]() -> World& {
    return worlds.emplace_back();
  };
  const auto by_token = [&]() -> World& {
    return worlds.emplace_back(
        std::vector<SourceSetting>{{"address", "http://127.0.0.1:8200"}, {"token", "HV_TOKEN"}});
  };
  const Replies role = {{0, "role-1"}, {0, "secret"}, {200, login_answer()}};
  const Replies token = {{0, "hvs.own"}, {200, R"({"data":{"ttl":0,"renewable":false}})"}};
  const auto then = [](Replies replies, const std::string& last) {
    replies.push_back({200, last});
    return replies;
  };
  const std::string names = R"({"data":{"keys":["openai"]}})";
  check_every_call([&] { return by_role().fetch(); }, then(role, value_answer()));
  check_every_call([&] { return by_token().fetch(); }, then(token, value_answer()));
  check_every_call([&] { return test::RunScript(by_role().backend->list()); }, then(role, names));
  check_every_call([&] { return test::RunScript(by_token().backend->list()); }, then(token, names));
  check_every_call([&] { return test::RunScript(by_token().backend->log_in()); }, token);
}

TEST_CASE("a sealed Vault, and one that is behind, are asked again later") {
  const auto told = [&](int status) {
    const World world;
    auto script = world.fetch();
    as<Call>(to_value(script));
    return ending(script.answer(status, R"({"errors":["Vault is sealed"]})"));
  };
  CHECK(told(503) == Ending{FetchFault::unavailable, "sealed"});
  CHECK(told(412) == Ending{FetchFault::unavailable, "not_yet_consistent"});
}

// What is redirected is made anew, as above.
TEST_CASE("a renewal that fails leaves the token as good as it was, to be renewed again") {
  const World world;
  log_in(world, login_answer());
  const std::int64_t ends_us = world.backend->login_ends_us();
  const auto to_renewal = [&] {
    test::RunScript script(world.backend->log_in());
    CHECK(as<Call>(script.begin()).url.ends_with("/auth/token/renew-self"));
    return script;
  };
  check_troubles(to_renewal, without(troubles(), "a redirect"));
  auto sealed = to_renewal();
  CHECK(ending(sealed.answer(503, "")).fault == FetchFault::unavailable);
  CHECK(world.backend->login_ends_us() == ends_us);
  auto script = world.fetch();
  CHECK(field_of(as<Call>(script.begin()), "X-Vault-Token") == "hvs.made");
  auto again = to_renewal();
  again.now_us += 10 * kSecondUs;
  as<Done>(again.answer(200, login_answer()));
  CHECK(world.backend->login_ends_us() == ends_us + 10 * kSecondUs);
}

TEST_CASE("a 403 of a secret, and then a Vault that fails: no token is taken for lost") {
  const World world;
  log_in(world, login_answer());
  const auto to_doubt = [&] {
    auto script = world.fetch();
    as<Call>(script.begin());
    CHECK(as<Call>(script.answer(403, "")).url.ends_with("/auth/token/lookup-self"));
    return script;
  };
  check_troubles(to_doubt, without_malformed(troubles()));
  auto sealed = to_doubt();
  CHECK(ending(sealed.answer(503, "")) == Ending{FetchFault::unavailable, "sealed"});
  // Whatever a success says, the token is good: the secret is what it may not read.
  auto odd = to_doubt();
  CHECK(ending(odd.answer(200, "<html>")) == Ending{FetchFault::not_found, "forbidden"});
  CHECK(world.backend->login_ends_us() == test::FakeTime::kStartUs + 20 * kSecondUs);
  auto script = world.fetch();
  as<Call>(script.begin());
  CHECK(value_of(as<Done>(script.answer(200, value_answer())), "app/openai") == "sk-live");
}

TEST_CASE("no key leads out of the mount") {
  const World world;
  log_in(world, login_answer());
  for (const auto* const bad : {"../../sys/seal", "", "/a", "a//b", "a/./b"}) {
    INFO(bad);
    CHECK(ending(world.fetch({bad}).begin()) == Ending{FetchFault::not_found, "no_path"});
  }
}

TEST_CASE("what was made for us is given back at the end, once") {
  const World world;
  CHECK(world.backend->log_out() == nullptr);
  log_in(world, login_answer());
  test::RunScript script(world.backend->log_out());
  const Call revoke = as<Call>(script.begin());
  CHECK(line_of(revoke) == "POST https://vault.corp.example:8200/v1/auth/token/revoke-self");
  CHECK(field_of(revoke, "X-Vault-Token") == "hvs.made");
  as<Done>(script.answer(204, ""));
  CHECK(world.backend->log_out() == nullptr);
}

TEST_CASE("a token that could not be given back is told, and not tried again: its lease ends it") {
  std::deque<World> worlds;
  const auto to_revoking = [&] {
    const World& world = worlds.emplace_back();
    log_in(world, login_answer());
    test::RunScript script(world.backend->log_out());
    as<Call>(script.begin());
    CHECK(world.backend->log_out() == nullptr);
    return script;
  };
  check_troubles(to_revoking, without_malformed(troubles()));
  auto script = to_revoking();
  as<Done>(script.answer(200, "<html>"));  // it was given back, whatever is said of it
}

TEST_CASE("the names at the top of the mount; folders are none, and an empty one has none") {
  const World world;
  log_in(world, login_answer());
  test::RunScript script(world.backend->list());
  CHECK(as<Call>(script.begin()).url ==
        "https://vault.corp.example:8200/v1/secret/metadata/?list=true");
  const Done done = as<Done>(script.answer(200, R"({"data":{"keys":["openai","team/"]}})"));
  REQUIRE(done.values.size() == 1);
  CHECK(done.values.front().key == "openai");
  test::RunScript empty(world.backend->list());
  as<Call>(empty.begin());
  CHECK(as<Done>(empty.answer(404, R"({"errors":[]})")).values.empty());
}

TEST_CASE("a lease that is no number, or a token that cannot stand in a field, is no answer") {
  for (const auto* const bad : {R"({"auth":{"client_token":"t","lease_duration":"20"}})",
                                R"({"auth":{"client_token":"t","lease_duration":-1}})",
                                R"({"auth":{"client_token":"a\r\nb","lease_duration":20}})",
                                R"({"auth":{"lease_duration":20}})",
                                R"({"auth":null})"}) {
    INFO(bad);
    const World world;
    auto script = world.fetch();
    to_login(script);
    CHECK(ending(script.answer(200, bad)) == Ending{FetchFault::bad_answer, "malformed"});
  }
}

}  // namespace keyswap::vault
