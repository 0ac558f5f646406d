// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/api.h"
#include "test/manage/support.h"

namespace keyswap::manage {

using test::World;

TEST_CASE("the status says since when, which bindings, and what cannot be written") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  world.clock.pass_s(65 * 60);
  world.token = World::token_of(world.log_in(World::kPassword));
  const auto said = world.ask("GET", "/api/status");
  CHECK(said.body.find(R"("running":true,"uptime":"1h 5m")") != std::string::npos);
  CHECK(said.body.find(R"("audit":{"writable":true})") != std::string::npos);
  world.log.is_broken = true;
  CHECK(world.ask("GET", "/api/status").body.find(R"("writable":false)") != std::string::npos);
}

TEST_CASE("a reload is recorded, begun, and where there is none 503") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  CHECK(world.ask("POST", "/api/reload", "{}").status == 503);
  int reloads = 0;
  world.manager.around.reload = [&reloads] {
    ++reloads;
  };
  CHECK(world.ask("POST", "/api/reload", "{}").status == 202);
  CHECK(reloads == 1);
  CHECK(world.log.bodies.find(R"("action":"reload","outcome":"begun")") != std::string::npos);
}

TEST_CASE("what is not below /api is the page's, and what is asked of another proxy nobody's") {
  World world;
  CHECK(world.api.takes(test::head_of("GET", "/api/status?x", {})));
  CHECK(world.api.takes(test::head_of("GET", "http://127.0.0.1:8474/api", {})));
  CHECK_FALSE(world.api.takes(test::head_of("CONNECT", "api.example.test:443", {})));
  CHECK(world.ask("GET", "/api").status == 401);
  CHECK(world.ask("GET", "/apis").status == 404);  // there is no page in this test
}

}  // namespace keyswap::manage
