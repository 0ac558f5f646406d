// SPDX-License-Identifier: Apache-2.0
//
// Passphrase and key file, as commands change them: at no moment is there no way in.
#include "proxy/cli/unlock_ways.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "proxy/cli/files.h"
#include "proxy/cli/unlock.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

vault::Vault opened(const Home& home, std::string_view passphrase) {
  auto vault = vault::Vault::open(home.vault(), secret_of(passphrase));
  REQUIRE(vault);
  return std::move(*vault);
}

// As every command does that finds the file.
vault::Vault opened_by_file(const Home& home) {
  auto vault = open_vault(home, {});
  REQUIRE(vault);
  return std::move(vault).value();
}

bool exists(const std::string& path) {
  struct stat info {};

  return lstat(path.c_str(), &info) == 0;
}

}  // namespace

TEST_CASE("a key file comes beside a passphrase, and each is dropped by who has the other") {
  REQUIRE(vault::lock_memory());
  const test::TempHome place;
  const Home home{place.path()};
  REQUIRE(vault::Vault::create(home.vault(), secret_of("passphrase"), 1));
  // A command was killed on its way.
  REQUIRE(write_file(home.key() + ".new", "half", 0600));
  {
    vault::Vault vault = opened(home, "passphrase");
    const auto last = drop_passphrase(home, vault);
    REQUIRE(last);
    CHECK(last->exit == Exit::no);
    REQUIRE_FALSE(add_key_file(home, vault));
    CHECK(add_key_file(home, vault)->exit == Exit::usage);
    CHECK(drop_passphrase(home, vault)->exit == Exit::no);  // not by the passphrase itself
  }
  CHECK_FALSE(exists(home.key() + ".new"));
  CHECK_FALSE(check_private_file(home.key()));
  {
    vault::Vault by_file = opened_by_file(home);
    CHECK(by_file.is_opened_by_key());
    const auto only = drop_key_file(home, by_file);
    REQUIRE(only);
    CHECK(only->exit == Exit::usage);
    REQUIRE_FALSE(set_passphrase(home, by_file, secret_of("another one")));
  }
  vault::Vault by_passphrase = opened(home, "another one");
  REQUIRE_FALSE(drop_key_file(home, by_passphrase));
  CHECK_FALSE(exists(home.key()));
  CHECK_FALSE(exists(home.key() + ".old"));
  CHECK(vault::Vault::count_ways(home.vault()).value() == 1);
}

TEST_CASE("a home with a key file alone gets a passphrase beside it, not instead of it") {
  REQUIRE(vault::lock_memory());
  const test::TempHome place;
  const Home home{place.path()};
  REQUIRE(vault::Vault::create(home.vault(), secret_of("random key"), 1));
  REQUIRE(write_file(home.key(), "random key\n", 0600));
  {
    vault::Vault vault = opened_by_file(home);
    REQUIRE_FALSE(set_passphrase(home, vault, secret_of("passphrase")));
  }
  {
    vault::Vault by_file = opened_by_file(home);
    CHECK(by_file.is_opened_by_key());
    REQUIRE_FALSE(drop_passphrase(home, by_file));
  }
  CHECK(exists(home.key()));
  CHECK(vault::Vault::open(home.vault(), secret_of("passphrase")).error().code ==
        base::Errc::wrong_passphrase);
}

TEST_CASE("a key whose file is lost is dropped all the same, or made anew") {
  REQUIRE(vault::lock_memory());
  const test::TempHome place;
  const Home home{place.path()};
  REQUIRE(vault::Vault::create(home.vault(), secret_of("passphrase"), 1));
  vault::Vault vault = opened(home, "passphrase");
  REQUIRE(vault.set_key(secret_of("lost")));
  if (GENERATE(true, false)) {
    REQUIRE_FALSE(drop_key_file(home, vault));
    CHECK(vault::Vault::count_ways(home.vault()).value() == 1);
  } else {
    REQUIRE_FALSE(add_key_file(home, vault));
    CHECK(opened_by_file(home).is_opened_by_key());
  }
  CHECK(vault::Vault::open(home.vault(), secret_of("lost")).error().code ==
        base::Errc::wrong_passphrase);
}

}  // namespace keyswap::cli
