// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <future>

#include "bindings/parse.h"
#include "proxy/manage/change.h"
#include "proxy/manage/request.h"
#include "proxy/manage/routes.h"
#include "test/bindings/sample_kinds.h"
#include "test/manage/support.h"

namespace keyswap::manage {

using test::World;

namespace {

constexpr const char* kKey = "sk-live-VERY-SECRET-0042";

std::string id_in(const std::string& body) {
  const auto begin = body.find(R"("id":")") + 6;
  return body.substr(begin, body.find('"', begin) - begin);
}

// Logged in, with bindings that name nothing.
void begin(World& world) {
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  world.manager.around.bindings = [] {
    return std::make_shared<const bindings::Bindings>();
  };
}

std::string add_body(const std::string& name) {
  return R"({"service":" openai ","name":" )" + name + R"( ","key":" )" + kKey + "\\n\"}";
}

}  // namespace

TEST_CASE("acceptance F10 a secret is added by service, name and key, and used as it was given") {
  World world;
  begin(world);
  const auto added = world.ask("POST", "/api/credentials", add_body("NEW_KEY"));
  REQUIRE(added.status == 201);
  CHECK(added.body.find(R"("service":"openai","name":"NEW_KEY")") != std::string::npos);
  CHECK(*world.vault.matches(*vault::SecretName::parse("NEW_KEY"), kKey));
  CHECK(world.ask("POST", "/api/credentials", add_body("NEW_KEY")).status == 409);
  for (const char* const body : {R"({"service":"","name":"A","key":"x"})",
                                 R"({"service":"a","name":" ","key":"x"})",
                                 R"({"service":"a","name":"A","key":" "})",
                                 R"({"service":"a","name":"A"})",
                                 "{}"}) {
    const auto refused = world.ask("POST", "/api/credentials", body);
    CHECK(refused.status == 400);
    CHECK(refused.body.find("service, name, and key are required") != std::string::npos);
  }
  CHECK(world.ask("POST", "/api/credentials", R"({"a":1})").status == 400);
}

TEST_CASE("acceptance F09 no answer and no record holds a value, or a part of one", "[I1]") {
  World world;
  begin(world);
  std::string all;
  const auto added = world.ask("POST", "/api/credentials", add_body("NEW_KEY"));
  const std::string id = id_in(added.body);
  all += added.body + world.ask("GET", "/api/credentials").body;
  all += world.ask("POST", "/api/credentials", add_body("NEW_KEY")).body;
  all += world.ask("POST", "/api/credentials/" + id + "/rotate", R"({"key":"sk-live-OTHER"})").body;
  all += world.ask("DELETE", "/api/credentials/" + id).body + world.log.bodies;
  CHECK(all.find("NEW_KEY") != std::string::npos);
  CHECK(all.find("sk-live") == std::string::npos);
  CHECK(all.find("VERY-SECRET") == std::string::npos);
  CHECK(all.find(vault::sample::kOpenAiValue) == std::string::npos);
}

TEST_CASE("a secret is removed once, and not while a binding may name it") {
  World world;
  begin(world);
  const std::string id = id_in(world.ask("POST", "/api/credentials", add_body("NEW_KEY")).body);
  const auto bindings = world.manager.around.bindings;
  world.manager.around.bindings = nullptr;  // not known: as if one did
  CHECK(world.ask("DELETE", "/api/credentials/" + id).status == 409);
  world.manager.around.bindings = bindings;
  const auto deleted = world.ask("DELETE", "/api/credentials/" + id);
  CHECK(deleted.status == 200);
  CHECK(deleted.body == "{\"deleted\":true}\n");
  const auto again = world.ask("DELETE", "/api/credentials/" + id + "?force=true");
  CHECK(again.status == 404);
  CHECK(again.body.find("credential not found") != std::string::npos);
}

TEST_CASE("what a source logs in with, or seals, is changed by the command alone", "[I13]") {
  World world;
  begin(world);
  const auto id_of = [&](const std::string& name) {
    return id_in(world.ask("POST", "/api/credentials", add_body(name)).body);
  };
  const std::string login = id_of("OPENER");
  const std::string sealed = id_of("PAYOUT_KEY");
  auto read = bindings::parse(
      "sources:\n"
      "  far: { type: remote, address: a, token: OPENER }\n"
      "  sealed: { type: transit }\n"
      "secrets:\n"
      "  C: { placeholder: c-PLACEHOLDER-0123456789abcdef, source: sealed, key: PAYOUT_KEY,\n"
      "       inject: { header: A, format: \"{secret}\" }, bindings: [ { host: c.example } ] }\n"
      "  D: { placeholder: d-PLACEHOLDER-0123456789abcdef, source: sealed, key: OTHER_KEY,\n"
      "       inject: { header: A, format: \"{secret}\" }, bindings: [ { host: d.example } ] }\n",
      "/nowhere",
      {},
      bindings::test::kKinds);
  REQUIRE(read.errors.empty());
  auto served = std::make_shared<const bindings::Bindings>(std::move(read.bindings));
  world.manager.around.bindings = [served] {
    return served;
  };
  const auto status_of = [&](const std::string& method, const std::string& target) {
    return world.ask(method, target, method == "DELETE" ? "" : R"({"key":"another"})").status;
  };
  CHECK(status_of("POST", "/api/credentials/" + login + "/rotate") == 409);
  CHECK(status_of("DELETE", "/api/credentials/" + login + "?force=true") == 409);
  CHECK(status_of("POST", "/api/credentials/" + sealed + "/rotate") == 409);
  CHECK(world.ask("POST", "/api/credentials", add_body("OTHER_KEY")).status == 409);
  CHECK_FALSE(world.vault.has(*vault::SecretName::parse("OTHER_KEY")));
  CHECK(*world.vault.matches(*vault::SecretName::parse("OPENER"), kKey));
}

TEST_CASE("a change for which nobody waits any more is not made, and not recorded", "[I13]") {
  World world;
  begin(world);
  const auto route = std::ranges::find_if(routes(), [](const Route& there) {
    return there.method == "POST" && there.path == "/api/credentials";
  });
  REQUIRE(route != routes().end());
  std::promise<void> go_on;
  REQUIRE(world.manager.lanes.of(route->lane).run([&] { go_on.get_future().wait(); }));
  const std::string authorization = "Bearer " + world.token;
  const auto late = world.begin("POST", "/api/credentials", add_body("LATE_KEY"), authorization);
  const auto given_up = world.asked_last;
  given_up->is_given_up = true;
  auto next = world.begin("POST", "/api/credentials", add_body("NEXT_KEY"), authorization);
  go_on.set_value();
  CHECK(next.get().status == 201);
  CHECK_FALSE(world.vault.has(*vault::SecretName::parse("LATE_KEY")));
  CHECK(world.log.bodies.find("LATE_KEY") == std::string::npos);
  CHECK(given_up->body.find("VERY-SECRET") == std::string::npos);
}

TEST_CASE("a change that cannot be recorded is not made", "[I6][I13]") {
  World world;
  begin(world);
  world.log.is_broken = true;
  CHECK(world.ask("POST", "/api/credentials", add_body("NEW_KEY")).status == 503);
  CHECK_FALSE(world.vault.has(*vault::SecretName::parse("NEW_KEY")));
}

}  // namespace keyswap::manage
