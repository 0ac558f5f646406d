// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/callers.h"

#include <catch2/catch.hpp>

#include "proxy/flow/secret_fault.h"
#include "test/support/temp_home.h"
#include "vault/caller_token.h"
#include "vault/vault.h"

namespace keyswap::net {

namespace {

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

flow::CallerClaim claim(const std::string& token) {
  return {std::string(*vault::caller_of_token(token)), vault::caller_token_digest(token)};
}

}  // namespace

TEST_CASE("a caller is who the vault has the digest of, until that is removed or another") {
  REQUIRE(vault::lock_memory());
  const test::TempHome home;
  auto vault = vault::Vault::create(home.path() + "/vault.db", secret_of("passphrase"), 1);
  REQUIRE(vault);
  const std::string token = vault::make_caller_token("ci");
  const std::string other = vault::make_caller_token("ci");
  REQUIRE(vault->add_system("caller.ci", secret_of(vault::caller_token_digest(token))));
  // What keyswap keeps besides is nobody's digest.
  REQUIRE(vault->put_system("ca-key", secret_of(vault::caller_token_digest(token))));

  CHECK(verified_caller(*vault, claim(token)).value() == "ci");
  CHECK(verified_caller(*vault, std::nullopt).value().empty());
  CHECK(verified_caller(*vault, claim(other)).value().empty());
  CHECK(verified_caller(*vault, claim(vault::make_caller_token("agent"))).value().empty());
  CHECK(verified_caller(*vault, flow::CallerClaim{"ci", ""}).value().empty());
  CHECK(verified_caller(*vault, flow::CallerClaim{"../ca-key", claim(token).token_digest})
            .value()
            .empty());

  REQUIRE(vault->put_system("caller.ci", secret_of(vault::caller_token_digest(other))));
  CHECK(verified_caller(*vault, claim(token)).value().empty());
  CHECK(verified_caller(*vault, claim(other)).value() == "ci");
  REQUIRE(vault->remove_system("caller.ci"));
  CHECK(verified_caller(*vault, claim(other)).value().empty());
}

TEST_CASE("while the vault's file is not what was opened, nobody is known by a token", "[I13]") {
  REQUIRE(vault::lock_memory());
  const test::TempHome home;
  const std::string path = home.path() + "/vault.db";
  auto vault = vault::Vault::create(path, secret_of("passphrase"), 1);
  REQUIRE(vault);
  const std::string token = vault::make_caller_token("ci");
  REQUIRE(vault->add_system("caller.ci", secret_of(vault::caller_token_digest(token))));
  std::filesystem::rename(path, path + ".aside");
  REQUIRE_FALSE(vault->refresh());
  const auto locked = verified_caller(*vault, claim(token));
  REQUIRE_FALSE(locked);
  CHECK(flow::reason_of(flow::fault_of(locked.error())) == audit::Reason::vault_locked);
  CHECK(verified_caller(*vault, std::nullopt).value().empty());  // who shows none is not refused
}

}  // namespace keyswap::net
