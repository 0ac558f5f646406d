// SPDX-License-Identifier: Apache-2.0
#include "test/vault/sample.h"
#include "vault/caller_token.h"

namespace keyswap::vault {

using base::Errc;
using sample::secret_of;

TEST_CASE("Entries of keyswap's own are added once, listed by prefix, compared and removed") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  {
    Vault vault = sample::open_vault(path);
    const std::string digest = caller_token_digest(make_caller_token("ci"));
    REQUIRE(vault.add_system("caller.ci", secret_of(digest)));
    REQUIRE(vault.add_system("caller.a", secret_of("another")));
    CHECK(vault.add_system("caller.ci", secret_of("x")).error().code == Errc::already_exists);
    CHECK(vault.system_names("caller.") == std::vector<std::string>{"caller.a", "caller.ci"});
    CHECK(*vault.matches_system("caller.ci", digest));
    CHECK_FALSE(*vault.matches_system("caller.a", digest));
    CHECK_FALSE(*vault.matches_system("caller.ci", digest.substr(1)));
    CHECK(vault.matches_system("caller.b", digest).error().code == Errc::not_found);
    // A caller is no secret: it is neither listed nor fetched as one.
    CHECK_FALSE(vault.has(sample::name_of("caller.ci")));
    REQUIRE(vault.remove_system("caller.a"));
    CHECK(vault.remove_system("caller.a").error().code == Errc::not_found);
  }
  // The manifest agrees with what was added and removed.
  const Vault again = sample::open_vault(path);
  CHECK(again.system_names("caller.") == std::vector<std::string>{"caller.ci"});
  CHECK(again.fetch_system("audit-signing-seed"));
}

TEST_CASE("What one process adds or removes, another sees when it looks again") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  Vault one = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  REQUIRE(one.add_system("caller.ci", secret_of("digest")));
  CHECK(other.matches_system("caller.ci", "digest").error().code == Errc::not_found);
  REQUIRE(other.refresh());
  CHECK(*other.matches_system("caller.ci", "digest"));
  REQUIRE(one.remove_system("caller.ci"));
  REQUIRE(other.refresh());
  CHECK(other.system_names("caller.").empty());
}

}  // namespace keyswap::vault
