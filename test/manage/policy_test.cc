// SPDX-License-Identifier: Apache-2.0
//
// Limits, sources and what becomes of a request, as the API hands them on.
#include <string>

#include "bindings/parse.h"
#include "proxy/manage/handlers.h"
#include "test/manage/support.h"

namespace keyswap::manage {

using test::World;

namespace {

struct Served : World {
  std::string flushed;
  std::string explained;

  Served() {
    set_password();
    token = token_of(log_in(kPassword));
    auto read = bindings::parse("secrets: {}\n", "/nowhere", {});
    REQUIRE(read.errors.empty());
    auto served = std::make_shared<const bindings::Bindings>(std::move(read.bindings));
    manager.around.bindings = [served] {
      return served;
    };
    manager.around.limits = [](const bindings::Bindings&) {
      return base::Result<std::string>(std::string("{\"limits\":[]}"));
    };
    manager.around.policy = [](const bindings::Bindings& bindings) {
      return bindings.sha256.empty()
                 ? base::Result<std::string>(base::Error{base::Errc::io, "it is gone"})
                 : base::Result<std::string>(R"({"policy_hash":")" + bindings.sha256 + "\"}");
    };
    manager.around.sources = [](const bindings::Bindings&) {
      return std::string("{\"sources\":[]}");
    };
    manager.around.flush = [this](const bindings::Bindings&, const std::string& id) {
      flushed = id;
      return id == "local" ? base::Status()
                           : base::Status(base::Error{base::Errc::not_found, "there is none"});
    };
    manager.around.explain = [this](const bindings::Bindings&,
                                    const std::string& method,
                                    const std::string& url,
                                    const std::optional<std::string>& caller) {
      explained = method + " " + url + " " + caller.value_or("whoever");
      return method == "GET" ? base::Result<std::string>(std::string("{\"secrets\":[]}"))
                             : base::Result<std::string>(
                                   base::Error{base::Errc::invalid_input, "that is no request"});
    };
  }
};

}  // namespace

TEST_CASE("policy, limits and sources are what the process says") {
  Served world;
  CHECK(world.ask("GET", "/api/policies").body ==
        R"({"policy_hash":")" + world.manager.around.bindings()->sha256 + "\"}\n");
  CHECK(world.ask("GET", "/api/limits").body == "{\"limits\":[]}\n");
  CHECK(world.ask("GET", "/api/sources").body == "{\"sources\":[]}\n");
}

TEST_CASE("a source is flushed once that is recorded, and one that is not there is none", "[I6]") {
  Served world;
  CHECK(world.ask("POST", "/api/sources/local/flush", "{}").status == 200);
  CHECK(world.flushed == "local");
  CHECK(world.log.bodies.find(R"("action":"source_flushed","outcome":"begun","object":"local")") !=
        std::string::npos);
  CHECK(world.ask("POST", "/api/sources/other/flush", "{}").status == 404);
  world.flushed.clear();
  world.log.is_broken = true;
  CHECK(world.ask("POST", "/api/sources/local/flush", "{}").status == 503);
  CHECK(world.flushed.empty());
}

TEST_CASE("a request is explained as whoever may send it, or as that caller's") {
  Served world;
  CHECK(world.ask("POST", "/api/explain", R"({"method":"GET","url":"https://a.test/"})").status ==
        200);
  CHECK(world.explained == "GET https://a.test/ whoever");
  world.ask("POST", "/api/explain", R"({"method":"GET","url":"https://a.test/","caller":"one"})");
  CHECK(world.explained == "GET https://a.test/ one");
  for (const char* const body : {R"({"method":"GET"})",
                                 R"({"url":"https://a.test/"})",
                                 R"({"method":"GET","url":7})",
                                 R"({"method":"GET","url":"https://a.test/","caller":7})",
                                 R"({"method":"?","url":"https://a.test/"})",
                                 R"({"method":"GET","url":"https://a.test/","more":7})"}) {
    CHECK(world.ask("POST", "/api/explain", body).status == 400);
  }
}

TEST_CASE("what cannot be had is said to be so") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  CHECK(world.ask("GET", "/api/policies").status == 503);
  CHECK(world.ask("GET", "/api/limits").status == 503);
  CHECK(world.ask("GET", "/api/sources").status == 503);
  CHECK(world.ask("POST", "/api/sources/local/flush", "{}").status == 503);
}

}  // namespace keyswap::manage
