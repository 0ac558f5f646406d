// SPDX-License-Identifier: Apache-2.0
//
// Setting up, logging in and out, and how often it may be tried.
#include "proxy/base/manage_bounds.h"
#include "proxy/manage/handlers.h"
#include "proxy/manage/sessions.h"
#include "proxy/manage/throttle.h"
#include "test/manage/support.h"

namespace keyswap::manage {

using test::World;

namespace {

std::string set_up_body(const std::string& code, const std::string& password = World::kPassword) {
  return R"({"password":")" + password + R"(","confirm":")" + password + R"(","code":")" + code +
         R"("})";
}

}  // namespace

TEST_CASE(
    "acceptance F39 five bad logins are 429 with seconds left, and the right password has to "
    "wait") {
  World world;
  world.set_password();
  const std::vector<std::int64_t> delays = {0, 0, 1'000, 2'000, 5'000};
  for (const std::int64_t delay : delays) {
    const auto said = world.log_in("wrong horse");
    CHECK(said.status == 401);
    CHECK(said.body.find(R"("error":"invalid password")") != std::string::npos);
    CHECK(said.delay_ms == delay);
  }
  const auto refused = world.log_in(World::kPassword);
  CHECK(refused.status == 429);
  CHECK(refused.body.find(R"("retry_after_seconds":60)") != std::string::npos);
  world.clock.pass_s(61);
  CHECK(world.log_in(World::kPassword).status == 200);
  CHECK(world.log.bodies.find("horse") == std::string::npos);
}

TEST_CASE("of fifty logins at once at most five are hashed") {
  World world;
  world.set_password();
  std::vector<std::future<test::Said>> under_way;
  for (int i = 0; i < 50; ++i) {
    under_way.push_back(
        world.begin("POST", "/api/auth/login", R"({"password":"wrong horse","scope":"admin"})"));
  }
  int hashed = 0;
  for (auto& said : under_way) {
    const int status = said.get().status;
    CHECK((status == 401 || status == 429 || status == 503));
    hashed += status == 401 ? 1 : 0;
  }
  CHECK(hashed == 5);
}

TEST_CASE("a sixth session ends the first, and each ends by time, by rest and by logout") {
  World world;
  world.set_password();
  std::vector<std::string> tokens;
  for (int i = 0; i < 6; ++i) {
    const auto said = world.log_in(World::kPassword);
    REQUIRE(said.status == 200);
    tokens.push_back(World::token_of(said));
    REQUIRE(tokens.back().size() == 72);
  }
  const auto status_of = [&](const std::string& token) {
    world.token = token;
    return world.ask("GET", "/api/status").status;
  };
  CHECK(status_of(tokens[0]) == 401);
  CHECK(status_of(tokens[1]) == 200);
  CHECK(world.ask("POST", "/api/auth/logout", "{}").status == 200);
  CHECK(world.ask("POST", "/api/auth/logout", "{}").status == 401);
  world.clock.pass_s(29 * 60);
  CHECK(status_of(tokens[2]) == 200);
  world.clock.pass_s(29 * 60);
  CHECK(status_of(tokens[2]) == 200);
  CHECK(status_of(tokens[3]) == 401);  // it rested for more than half an hour
  for (int i = 0; i < 6; ++i) {
    world.clock.pass_s(29 * 60);
    status_of(tokens[2]);
  }
  world.clock.pass_s(29 * 60);
  CHECK(status_of(tokens[2]) == 401);  // four hours are over
}

TEST_CASE("only a Bearer token that is right in each character lets in") {
  World world;
  world.set_password();
  const std::string token = World::token_of(world.log_in(World::kPassword));
  const auto status_of = [&](const std::string& authorization, const std::string& target) {
    return world.begin("GET", target, "", authorization).get().status;
  };
  CHECK(status_of("Bearer " + token, "/api/status") == 200);
  std::string wrong = token;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  CHECK(status_of("Bearer " + wrong, "/api/status") == 401);
  CHECK(status_of(token, "/api/status") == 401);
  CHECK(status_of("Basic " + token, "/api/status") == 401);
  CHECK(status_of("", "/api/status?token=" + token) == 401);
  CHECK(world.begin("GET", "/api/status", "", "", true).get().status == 200);  // the owner's socket
  World another;                                                               // as after a restart
  another.set_password();
  CHECK(another.begin("GET", "/api/status", "", "Bearer " + token).get().status == 401);
}

TEST_CASE("setup wants its code, once, and a password of eight characters that is said twice") {
  World world;
  const auto set_up = [&](const std::string& body) {
    return world.begin("POST", "/api/auth/setup", body).get();
  };
  CHECK(set_up(set_up_body("no-code")).status == 401);
  const std::string code =
      *vault::make_manage_code(world.vault, vault::ManageCode::setup, world.manager.now_s());
  CHECK(set_up(set_up_body(code, "seven77")).status == 400);
  CHECK(set_up(R"({"password":"long enough","confirm":"long enougg","code":"x"})").status == 400);
  CHECK(set_up(R"({"password":"long enough","other":1})").status == 400);
  CHECK(set_up("[]").status == 400);
  auto one = world.begin("POST", "/api/auth/setup", set_up_body(code));
  auto other = world.begin("POST", "/api/auth/setup", set_up_body(code));
  CHECK(one.get().status == 200);
  CHECK(other.get().status == 409);
  CHECK(world.log_in(World::kPassword).status == 200);
  CHECK(world.ask("GET", "/api/auth/status").body.find(R"("initialized":true)") !=
        std::string::npos);
}

TEST_CASE("a code that is too old, or was used, is none") {
  World world;
  world.set_password();
  const auto code = [&] {
    return *vault::make_manage_code(world.vault, vault::ManageCode::page, world.manager.now_s());
  };
  const auto come = [&](const std::string& text) {
    return world.begin("POST", "/api/auth/login", R"({"code":")" + text + R"("})").get().status;
  };
  const std::string late = code();
  world.clock.pass_s(61);
  CHECK(come(late) == 401);
  const std::string good = code();
  CHECK(come(good) == 200);
  CHECK(come(good) == 401);
}

TEST_CASE("wrong passwords and codes keep nobody out who has a right code") {
  World world;
  world.set_password();
  const auto come = [&](const std::string& text) {
    return world.begin("POST", "/api/auth/login", R"({"code":")" + text + R"("})").get().status;
  };
  for (std::size_t i = 0; i < base::bounds::kManageFailuresMax; ++i) {
    CHECK(come("wrong") == 401);
  }
  CHECK(come("wrong") == 429);
  CHECK(world.log_in(World::kPassword).status == 429);
  CHECK(come(*vault::make_manage_code(
            world.vault, vault::ManageCode::page, world.manager.now_s())) == 200);
  CHECK(world.log_in(World::kPassword).status == 429);  // a code says nothing about passwords
  REQUIRE(vault::drop_manage_password(world.vault));
  const auto set_up = [&](const std::string& code) {
    return world.begin("POST", "/api/auth/setup", set_up_body(code)).get().status;
  };
  CHECK(set_up("wrong") == 429);
  CHECK(set_up(*vault::make_manage_code(
            world.vault, vault::ManageCode::setup, world.manager.now_s())) == 200);
}

TEST_CASE("nobody is let in whom the audit log does not record", "[I6]") {
  World world;
  world.set_password();
  world.log.is_broken = true;
  CHECK(world.log_in(World::kPassword).status == 503);
  CHECK(world.manager.sessions.all().empty());
}

TEST_CASE("no session ends by anybody's word that the audit log does not record", "[I6]") {
  World world;
  world.set_password();
  const std::string other = World::token_of(world.log_in(World::kPassword));
  world.token = World::token_of(world.log_in(World::kPassword));
  const std::string id = world.manager.sessions.find(other)->id;
  world.log.is_broken = true;
  CHECK(world.ask("DELETE", "/api/auth/sessions/" + id).status == 503);
  CHECK(world.ask("POST", "/api/auth/logout", "{}").status == 503);
  CHECK(world.manager.sessions.all().size() == 2);
  world.log.is_broken = false;
  CHECK(world.ask("DELETE", "/api/auth/sessions/" + id).status == 200);
  CHECK(world.ask("DELETE", "/api/auth/sessions/" + id).status == 404);
  CHECK(world.ask("POST", "/api/auth/logout", "{}").status == 200);
  CHECK(world.manager.sessions.all().empty());
}

TEST_CASE("where the password is forgotten, sessions are, too") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  CHECK(world.ask("GET", "/api/status").status == 200);
  REQUIRE(vault::drop_manage_password(world.vault));
  CHECK(world.ask("GET", "/api/status").status == 401);
}

}  // namespace keyswap::manage
