// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_grant.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "test/vault/sample.h"
#include "test/vault/sources/login_world.h"
#include "vault/sources/oauth2_kept.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words
using Records = std::vector<std::string>;

TokenAnswer token_with(std::string_view refresh) {
  TokenAnswer token;
  token.access = sample::secret_of("access");
  token.refresh = sample::secret_of(refresh);
  return token;
}

// Carries out the steps of what follows a token; `before`: asked before each of them.
Step keep(World& world,
          TokenAnswer token,
          const std::function<void(const Step&)>& before = nullptr) {
  const LoginGrant grant(login_spec());
  LoginKeeping keeping(grant);
  Step step = keeping.begin(std::move(token));
  while (!is_end(step)) {
    if (before) {
      before(step);
    }
    auto answer = world.answer(step);
    REQUIRE(answer);
    step = keeping.on(std::move(*answer));
  }
  return step;
}

}  // namespace

TEST_CASE("a login's refresh token is recorded, kept in the place of the old one, and recorded") {
  World world;
  const Step end = keep(world, token_with("refresh-new"));
  CHECK(std::holds_alternative<Done>(end));
  CHECK(world.value("REFRESH") == "refresh-new");
  CHECK(world.records == Records{"login pending", "login ok"});
}

TEST_CASE("a first login makes its entry") {
  World world;
  world.vault.erase("REFRESH");
  CHECK(std::holds_alternative<Done>(keep(world, token_with("refresh-new"))));
  CHECK(world.value("REFRESH") == "refresh-new");
}

TEST_CASE("a proxy that exchanged the old token while a person logged in is not raced") {
  World world;
  int looks = 0;
  const Step end = keep(world, token_with("refresh-new"), [&](const Step& step) {
    if (std::holds_alternative<KeepEntry>(step) && ++looks == 1) {
      world.put("REFRESH", "refresh-of-the-proxy");
    }
  });
  CHECK(std::holds_alternative<Done>(end));
  CHECK(world.value("REFRESH") == "refresh-new");
}

TEST_CASE("an entry that changes each time ends the login, and the record says so") {
  World world;
  const Step end = keep(world, token_with("refresh-new"), [&](const Step& step) {
    if (std::holds_alternative<KeepEntry>(step)) {
      world.put("REFRESH", "refresh-of-somebody");
    }
  });
  CHECK(told(end) == "(login_conflict)");
  CHECK(world.records == Records{"login pending", "login login_conflict"});
  CHECK(world.value("REFRESH") == "refresh-of-somebody");
}

TEST_CASE("a full disk is told, and what was there stays") {
  World world;
  world.is_disk_full = true;
  CHECK(told(keep(world, token_with("refresh-new"))) == "(login_write_failed)");
  CHECK(world.value("REFRESH") == "refresh-0000");
  CHECK(world.records == Records{"login pending", "login login_write_failed"});
}

TEST_CASE("a log that is dead lets no login be kept [I6]", "[I6]") {
  World world;
  world.is_log_dead = true;
  CHECK(told(keep(world, token_with("refresh-new"))) == "(audit_unavailable)");
  CHECK(world.value("REFRESH") == "refresh-0000");
}

TEST_CASE("an answer without a refresh token, or with one that nobody could send, is no login") {
  World world;
  TokenAnswer none;
  none.access = sample::secret_of("access");
  CHECK(told(keep(world, std::move(none))) == "(no_refresh_token)");
  TokenAnswer malformed;
  malformed.is_refresh_malformed = true;
  CHECK(told(keep(world, std::move(malformed))) == "(rejected_malformed)");
  CHECK(world.records.empty());
  CHECK(world.value("REFRESH") == "refresh-0000");
}

TEST_CASE("what a login asks for is said where it begins, and not with the token") {
  const LoginGrant grant(login_spec({{"auth", "basic"}}));
  CHECK(grant.scope == "read write");
  CHECK(grant.client.scope.empty());
  CHECK(grant.refresh.text() == "REFRESH");
  CHECK_FALSE(grant.client.is_basic);  // a client without a secret has nothing to prove
  CHECK(LoginGrant(login_spec({{"auth", "basic"}, {"client_secret", "S"}})).client.is_basic);
}

TEST_CASE("O27 a refresh token is live until a server refused it, or it is replaced") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  const SecretName refresh = sample::name_of("REFRESH");
  CHECK_FALSE(has_live_login(vault, refresh, sample::kNow));
  REQUIRE(vault.add(refresh, "", sample::secret_of("refresh-0000"), sample::kNow));
  CHECK(has_live_login(vault, refresh, sample::kNow));
  const auto entry = vault.open_entry(refresh, EntryKind::text, sample::kNow);
  REQUIRE(entry);
  const auto lost = kept_text(LostGrant{entry->version});
  REQUIRE(lost);
  REQUIRE(vault.replace_if(kept_name(refresh), "", *lost, sample::kNow));
  CHECK_FALSE(has_live_login(vault, refresh, sample::kNow));
  REQUIRE(vault.rotate(refresh, sample::secret_of("refresh-0001"), sample::kNow));
  CHECK(has_live_login(vault, refresh, sample::kNow));
}

}  // namespace keyswap::vault
