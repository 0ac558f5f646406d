// SPDX-License-Identifier: Apache-2.0
//
// The table of routes: what nobody may without a session, or with a small one, and its description.
#include "proxy/manage/routes.h"

#include <fstream>
#include <set>

#include "proxy/base/manage_bounds.h"
#include "test/manage/support.h"
#include "test/support/data.h"

namespace keyswap::manage {

using test::World;

namespace {

std::string target_of(std::string_view path) {
  std::string target(path);
  const auto brace = target.find("{id}");
  return brace == std::string::npos ? target : target.replace(brace, 4, "some-id");
}

// "GET /api/status", of the description.
std::set<std::string> described() {
  std::ifstream file(keyswap::test::tree_path("docs/openapi.yaml"));
  std::set<std::string> found;
  std::string path;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("  /")) {
      path = line.substr(2, line.size() - 3);
    }
    for (const std::string_view method : {"get", "post", "put", "delete"}) {
      if (!path.empty() && line == "    " + std::string(method) + ":") {
        found.insert(base::to_upper(method) + " " + path);
      }
    }
    if (line == "components:") {
      break;
    }
  }
  return found;
}

}  // namespace

TEST_CASE(
    "acceptance F40 without a session every route but three is 401, and so is what is no route") {
  World world;
  world.set_password();
  int open = 0;
  for (const Route& route : routes()) {
    const std::string body = route.method == "GET" ? "" : "{}";
    const auto said = world.ask(std::string(route.method), target_of(route.path), body);
    INFO(route.method << " " << route.path);
    if (route.scope == Scope::none) {
      ++open;
      CHECK(said.status != 404);
    } else {
      CHECK(said.status == 401);
      CHECK(said.body.find(R"("error":"missing or invalid authorization header")") !=
            std::string::npos);
    }
  }
  CHECK(open == 3);
  CHECK(world.ask("GET", "/api/nothing").status == 401);
  CHECK(world.ask("PUT", "/api/status", "{}").status == 401);
}

TEST_CASE("a session that may only look changes nothing") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword, "view"));
  for (const Route& route : routes()) {
    if (route.scope > Scope::view) {
      INFO(route.method << " " << route.path);
      const std::string body = route.method == "GET" ? "" : "{}";
      CHECK(world.ask(std::string(route.method), target_of(route.path), body).status == 403);
    }
  }
  CHECK(world.ask("GET", "/api/credentials").status == 200);
}

TEST_CASE("another method is 405 with those there are, another path 404") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  const auto refused = world.ask("PUT", "/api/credentials", "{}");
  CHECK(refused.status == 405);
  CHECK(refused.allow == "GET, HEAD, POST");
  for (const char* const target :
       {"/api", "/api/", "/api/credentials/", "/api/credentials//rotate", "/api/%73tatus"}) {
    CHECK(world.ask("GET", target).status == 404);
  }
  CHECK(world.ask("GET", "/api/status?a=1&a=2").status == 400);
}

TEST_CASE("who is not logged in says little", "[I10]") {
  World world;
  const std::string body =
      R"({"password":")" + std::string(base::bounds::kManagePieceBytes, 'x') + "\"}";
  for (const Route& route : routes()) {
    if (route.scope == Scope::none && route.method != "GET") {
      INFO(route.path);
      CHECK(world.ask(std::string(route.method), std::string(route.path), body).status == 413);
      CHECK(world.ask(std::string(route.method), std::string(route.path), "{}").status != 413);
    }
  }
}

TEST_CASE("docs/openapi.yaml has each route, and no other") {
  std::set<std::string> there;
  for (const Route& route : routes()) {
    CHECK(there.insert(std::string(route.method) + " " + std::string(route.path)).second);
  }
  CHECK(described() == there);
}

}  // namespace keyswap::manage
