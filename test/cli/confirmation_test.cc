// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/confirmation.h"

#include <catch2/catch.hpp>

#include "proxy/cli/serve_lock.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

vault::Vault open_vault_at(const std::string& path) {
  auto vault = vault::Vault::open(path, secret_of("passphrase"));
  REQUIRE(vault);
  return std::move(*vault);
}

}  // namespace

TEST_CASE("what a proxy confirmed reads back, and nothing else does") {
  const Confirmed confirmed{42, "ab", 7};
  CHECK(encode_confirmed(confirmed) == "42 ab 7");
  CHECK(decode_confirmed("42 ab 7") == confirmed);
  CHECK(decode_confirmed("42 ab") == Confirmed{42, "ab", 0});  // as proxies said it before
  for (const char* text :
       {"", "42", "x ab", " ab", "99999999999999999999 ab", "42 ab x", "42 ab 7 8", "42 ab "}) {
    CAPTURE(text);
    CHECK_FALSE(decode_confirmed(text));
  }
}

TEST_CASE("a change is confirmed by the proxy that read it, and by no other", "[I13]") {
  REQUIRE(vault::lock_memory());
  const test::TempHome place;
  const Home home{place.path()};
  REQUIRE(vault::Vault::create(home.vault(), secret_of("passphrase"), 1));
  vault::Vault command = open_vault_at(home.vault());
  vault::Vault proxy = open_vault_at(home.vault());
  REQUIRE(command.put_system("caller.ci", secret_of("digest")));
  // No proxy runs: there is nobody to wait for.
  CHECK_FALSE(await_confirmation(home, command, "done"));

  auto lock = ServeLock::take(
      home, ServeLock::Byte::serving, ServeLock::Kind::exclusive, ServeLock::Wait::no);
  REQUIRE(lock);
  REQUIRE(lock.value());
  Confirmation confirmation(proxy, "root-1", 3);
  confirmation.tell();  // what it read is from before the change
  REQUIRE(command.refresh());
  CHECK(read_confirmed(command) == Confirmed{0, "root-1", 3});

  REQUIRE(proxy.refresh());
  confirmation.tell();
  CHECK_FALSE(await_confirmation(home, command, "done"));
  const std::uint64_t told = command.generation();
  confirmation.tell();  // said already
  REQUIRE(command.refresh());
  CHECK(command.generation() == told);

  confirmation.set_in_force("root-2", 4);
  confirmation.tell();
  CHECK_FALSE(await_confirmation(home, command, "done", {.ca_sha256 = "root-2"}));
  CHECK_FALSE(await_confirmation(home, command, "done", {.policy = 4}));
}

}  // namespace keyswap::cli
