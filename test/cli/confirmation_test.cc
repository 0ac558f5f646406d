// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/confirmation.h"

#include <filesystem>

#include <catch2/catch.hpp>
#include <unistd.h>

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
  const Confirmed confirmed{42, {"ab", "cd"}, {7, 99, "boot"}, "1:2"};
  CHECK(encode_confirmed(confirmed) == "42 ab cd 7 99 boot 1:2");
  CHECK(decode_confirmed("42 ab cd 7 99 boot 1:2") == confirmed);
  CHECK(decode_confirmed("42 ab") == Confirmed{42, {"ab", ""}, {}, ""});  // of earlier proxies
  const Confirmed unknown{42, {"ab", ""}, {}, ""};
  CHECK(decode_confirmed(encode_confirmed(unknown)) == unknown);
  for (const char* text : {"",
                           "42",
                           "x ab",
                           " ab",
                           "99999999999999999999 ab",
                           "42 ab cd",
                           "42 ab cd 7 99 boot",
                           "42 ab cd x 99 boot 1:2",
                           "42 ab cd 7 99x boot 1:2",
                           "42 ab cd 7 99 boot 1:2 more"}) {
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

  // It is known by the vault's word alone: there is no serve.lock.
  Confirmation confirmation(home, proxy, {"root-1", "policy-1"});
  REQUIRE(confirmation.tell());  // what it read is from before the change
  vault::Vault reader = open_vault_at(home.vault());
  REQUIRE(read_confirmed(reader));
  CHECK(read_confirmed(reader)->generation == 0);
  CHECK(read_confirmed(reader)->in_force == InForce{"root-1", "policy-1"});
  CHECK(find_proxy(home, reader) == getpid());

  REQUIRE(proxy.refresh());
  REQUIRE(confirmation.tell());
  CHECK_FALSE(await_confirmation(home, command, "done"));
  REQUIRE(reader.refresh());
  const std::uint64_t told = reader.generation();
  REQUIRE(confirmation.tell());  // said already
  REQUIRE(reader.refresh());
  CHECK(reader.generation() == told);

  confirmation.set_in_force({"root-2", "policy-2"});
  REQUIRE(confirmation.tell());
  CHECK_FALSE(await_in_force(home, reader, "done", {"root-2", ""}));
  CHECK_FALSE(await_in_force(home, reader, "done", {"", "policy-2"}));
  // A proxy that goes by another policy has not confirmed this one.
  const auto unconfirmed = await_in_force(home, reader, "done", {"", "policy-3"});
  REQUIRE(unconfirmed);
  CHECK(unconfirmed->exit == Exit::no);
  CHECK(unconfirmed->what.find("pid " + std::to_string(getpid())) != std::string::npos);
}

TEST_CASE("a proxy that lives is waited for, whatever became of its lock file", "[I13]") {
  REQUIRE(vault::lock_memory());
  const test::TempHome place;
  const Home home{place.path()};
  REQUIRE(vault::Vault::create(home.vault(), secret_of("passphrase"), 1));
  vault::Vault command = open_vault_at(home.vault());
  vault::Vault proxy = open_vault_at(home.vault());
  Confirmation confirmation(home, proxy, {"root", "policy"});
  REQUIRE(confirmation.tell());
  REQUIRE(command.put_system("caller.ci", secret_of("digest")));
  CHECK(await_confirmation(home, command, "done"));  // it has not read that, and never will

  // A copy of the home is another home: no proxy runs on it.
  const test::TempHome other;
  const Home copy{other.path()};
  std::filesystem::copy_file(home.vault(), copy.vault());
  const vault::Vault copied = open_vault_at(copy.vault());
  CHECK_FALSE(find_proxy(copy, copied));
}

}  // namespace keyswap::cli
