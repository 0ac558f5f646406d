// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/approval_asked.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "bindings/parse.h"
#include "test/support/temp_home.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kNowUs = 1'750'000'000'000'000;

vault::Secret secret_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  return vault::Secret::copy_of(text).value();
}

std::shared_ptr<const bindings::Bindings> bindings_of(std::string_view host) {
  auto parsed = bindings::parse(
      "version: 1\nsecrets:\n  K:\n    placeholder: kswp_PLACEHOLDER_000000000001\n"
      "    inject: { header: Authorization, format: \"Bearer {secret}\" }\n"
      "    bindings: [ { host: " +
          std::string(host) + ", approve: true } ]\n",
      "/nowhere",
      {});
  REQUIRE(parsed.errors.empty());
  return std::make_shared<const bindings::Bindings>(std::move(parsed.bindings));
}

struct World {
  World() {
    auto made = vault::Vault::create(home.path() + "/vault.db", secret_of("passphrase"), 1);
    REQUIRE(made);
    vault.emplace(std::move(*made));
    REQUIRE(vault->add(name, "", secret_of("real-key-0001"), 1));
  }

  [[nodiscard]] static ApprovalAsked asked() {
    ApprovalAsked made;
    made.of.request_id = "req1";
    made.of.caller = "agent-a";
    made.of.destination.authority = {"api.example.test", 443, http::HostKind::name};
    made.of.bindings = bindings_of("api.example.test");
    made.places = {{0, 0}};
    made.times.expires_ms = 60'000;
    made.times.retry_ms = 10'000;
    made.method = "PUT";
    made.target = "/merge?now=1";
    made.path = "/merge";
    made.headers = "content-type:application/json\n";
    made.body = R"({"a":1})";
    return made;
  }

  [[nodiscard]] std::string digest(ApprovalAsked asked) const {
    return asked.digest(key, *vault, kNowUs).value();
  }

  test::TempHome home;
  vault::SecretName name = vault::SecretName::parse("K").value();
  vault::Secret key = secret_of("0123456789abcdef0123456789abcdef");
  std::optional<vault::Vault> vault;
};

}  // namespace

TEST_CASE("an operation begins as what its request asks for, for as long as its rule says") {
  auto asked = World::asked();
  const auto operation = asked.operation("op_1", kNowUs);
  CHECK(operation.id == "op_1");
  CHECK(operation.request_id == "req1");
  CHECK(operation.caller == "agent-a");
  CHECK(operation.secret == "K");
  CHECK(operation.host == "api.example.test:443");
  CHECK(operation.path == "/merge");
  CHECK(operation.body_bytes == 7);
  CHECK(operation.body_sha256.size() == 64);
  CHECK(operation.expires_us == kNowUs + 60'000'000);
  CHECK(operation.retry_us == 10'000'000);
}

TEST_CASE("what is decided on is all of the request, the secret's version and the bindings") {
  World world;
  const std::string first = world.digest(World::asked());
  CHECK(world.digest(World::asked()) == first);
  const auto is_another = [&](auto change) {
    auto asked = World::asked();
    change(asked);
    return world.digest(std::move(asked)) != first;
  };
  CHECK(is_another([](ApprovalAsked& asked) { asked.of.caller = "agent-b"; }));
  CHECK(is_another([](ApprovalAsked& asked) { asked.of.destination.authority.port = 444; }));
  CHECK(is_another(
      [](ApprovalAsked& asked) { asked.of.bindings = bindings_of("other.example.test"); }));
  CHECK(is_another([](ApprovalAsked& asked) { asked.method = "POST"; }));
  CHECK(is_another([](ApprovalAsked& asked) { asked.target = "/merge?now=2"; }));
  CHECK(is_another([](ApprovalAsked& asked) { asked.target = "/merge"; }));
  CHECK(is_another([](ApprovalAsked& asked) { asked.headers += "x:1\n"; }));
  CHECK(is_another([](ApprovalAsked& asked) { asked.body += " "; }));
  REQUIRE(world.vault->rotate(world.name, secret_of("real-key-0002"), 2));
  CHECK(world.digest(World::asked()) != first);
}

TEST_CASE("its digest is that of the body that came, also once that is sealed and dropped") {
  const World world;
  auto asked = World::asked();
  const auto first = asked.digest(world.key, *world.vault, kNowUs).value();
  asked.body.clear();
  CHECK(asked.digest(world.key, *world.vault, kNowUs).value() == first);
}

}  // namespace keyswap::net
