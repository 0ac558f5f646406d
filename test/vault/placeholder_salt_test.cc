// SPDX-License-Identifier: Apache-2.0
#include "vault/placeholder_salt.h"

#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

std::string seed_of(const Secret& salt, std::string_view name) {
  const auto seed = placeholder_seed(salt, name);
  REQUIRE(seed);
  return base::to_hex({reinterpret_cast<const char*>(seed->data()), seed->size()});
}

}  // namespace

TEST_CASE("a vault gets a salt once, and keeps it") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  std::string seed;
  {
    auto vault = sample::open_vault(path);
    const auto salt = placeholder_salt(vault);
    REQUIRE(salt);
    seed = seed_of(*salt, "A");
    const auto again = placeholder_salt(vault);
    REQUIRE(again);
    REQUIRE(seed_of(*again, "A") == seed);
  }
  auto reopened = sample::open_vault(path);
  const auto salt = placeholder_salt(reopened);
  REQUIRE(salt);
  REQUIRE(seed_of(*salt, "A") == seed);
  REQUIRE(salt->size() == 32);
}

TEST_CASE("a placeholder's seed is of the installation and of the name") {
  const Secret one = sample::secret_of(std::string(32, 'a'));
  const Secret other = sample::secret_of(std::string(32, 'b'));
  REQUIRE(seed_of(one, "A") == seed_of(one, "A"));
  REQUIRE(seed_of(one, "A") != seed_of(one, "B"));
  REQUIRE(seed_of(one, "A") != seed_of(other, "A"));
  REQUIRE(seed_of(one, "") != seed_of(one, "A"));
  // The salt is not to be seen in it.
  REQUIRE(seed_of(one, "A").find("6161616161") == std::string::npos);
}

TEST_CASE("what is no salt is not taken for one") {
  const Secret shorter = sample::secret_of(std::string(31, 'a'));
  REQUIRE(placeholder_seed(shorter, "A").error().code == base::Errc::invalid_input);
}

}  // namespace keyswap::vault
