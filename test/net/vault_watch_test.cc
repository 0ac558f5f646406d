// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/vault_watch.h"

#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/support/temp_home.h"

namespace keyswap::net {

namespace {

using audit::VaultFault;
using base::bounds::kVaultUnreadMs;
using Why = std::optional<VaultFault>;

class SetClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override { return 0; }

  [[nodiscard]] std::int64_t steady_us() const override { return steady_ms * 1000; }

  std::int64_t steady_ms = 0;
};

vault::Secret secret_of(std::string_view text) {
  REQUIRE(vault::lock_memory());
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

struct Watched {
  Watched() {
    auto made = vault::Vault::create(path, secret_of("passphrase"), 1);
    REQUIRE(made);
    vault.emplace(std::move(*made));
    REQUIRE(vault->add(name, "", secret_of("value"), 1));
    watch.emplace(*vault, clock, [this](Why why) { told.push_back(why); });
  }

  [[nodiscard]] bool gives() const {
    const auto value = vault->fetch(name, 1);
    REQUIRE((value || value.error().code == base::Errc::locked));
    return static_cast<bool>(value);
  }

  test::TempHome home;
  std::string path = home.path() + "/vault.db";
  vault::SecretName name = *vault::SecretName::parse("KEY");
  std::optional<vault::Vault> vault;
  SetClock clock;
  std::vector<Why> told;
  std::optional<VaultWatch> watch;
};

}  // namespace

TEST_CASE("a vault that nobody could read for too long gives nothing out, until it is read again",
          "[I13]") {
  Watched it;
  REQUIRE(it.watch->read());
  it.watch->judge();
  it.clock.steady_ms = kVaultUnreadMs;
  it.watch->judge();
  CHECK(it.gives());
  it.watch->tell();
  CHECK(it.told.empty());

  it.clock.steady_ms = kVaultUnreadMs + 1;
  it.watch->judge();
  CHECK_FALSE(it.gives());
  CHECK(it.vault->matches_system("caller.ci", "x").error().code == base::Errc::locked);
  it.watch->tell();
  it.watch->tell();
  CHECK(it.told == std::vector<Why>{VaultFault::unread});

  REQUIRE(it.watch->read());
  CHECK(it.gives());
  it.watch->judge();
  it.watch->tell();
  CHECK(it.told == std::vector<Why>{VaultFault::unread, std::nullopt});
}

TEST_CASE("a vault that nobody asked to read for long is not locked for that", "[I13]") {
  Watched it;
  it.clock.steady_ms = 2 * kVaultUnreadMs;  // it took so long to start
  it.watch->judge();
  CHECK(it.gives());
  REQUIRE(it.watch->read());
  it.clock.steady_ms *= 2;  // the machine stood still
  it.watch->judge();
  CHECK(it.gives());
  it.clock.steady_ms += kVaultUnreadMs;
  it.watch->judge();
  CHECK(it.gives());
  ++it.clock.steady_ms;
  it.watch->judge();
  CHECK_FALSE(it.gives());
}

TEST_CASE("what locks the vault is told, each time that it is another", "[I13]") {
  Watched it;
  it.vault->set_locked(vault::LockedFor::head, true);
  it.watch->tell();
  it.vault->set_locked(vault::LockedFor::policy, true);
  it.watch->tell();
  CHECK_FALSE(it.gives());
  it.vault->set_locked(vault::LockedFor::policy, false);
  it.watch->tell();
  std::filesystem::rename(it.path, it.path + ".aside");
  CHECK_FALSE(it.watch->read());
  it.watch->tell();
  CHECK(it.told == std::vector<Why>{VaultFault::head_not_kept,
                                    VaultFault::not_approved,
                                    VaultFault::head_not_kept,
                                    VaultFault::replaced});
}

}  // namespace keyswap::net
