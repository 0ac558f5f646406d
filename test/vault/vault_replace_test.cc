// SPDX-License-Identifier: Apache-2.0
//
// Vault::replace_if (vault/vault_replace.cc).
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::name_of;
using sample::secret_of;

constexpr std::int64_t kLater = sample::kNow + 60;

std::string version_in(const Vault& vault, const SecretName& name) {
  const auto found = vault.open_entry(name, EntryKind::text, sample::kNow);
  REQUIRE(found);
  return found->version;
}

std::string value_in(const Vault& vault, const SecretName& name) {
  const auto found = vault.fetch(name, sample::kNow);
  REQUIRE(found);
  return std::string(found->reveal());
}

}  // namespace

TEST_CASE(
    "an entry is replaced while it is the one that was read, and is there when it is opened "
    "again") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const SecretName name = name_of("OPENAI_API_KEY");
  std::string version;
  {
    Vault vault = sample::open_vault(path);
    version = version_in(vault, name);
    REQUIRE(vault.replace_if(name, version, secret_of("second"), kLater));
    CHECK(value_in(vault, name) == "second");
    CHECK(vault.replace_if(name, version, secret_of("third"), kLater).error().code ==
          Errc::replaced);
  }
  const Vault again = sample::open_vault(path);
  CHECK(value_in(again, name) == "second");
  CHECK(version_in(again, name) != version);
}

TEST_CASE("what another process wrote meanwhile is not written over", "[I13]") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const SecretName name = name_of("OPENAI_API_KEY");
  Vault vault = sample::open_vault(path);
  Vault other = sample::open_vault(path);
  const std::string version = version_in(vault, name);
  REQUIRE(other.rotate(name, secret_of("theirs"), kLater));
  CHECK(vault.replace_if(name, version, secret_of("ours"), kLater).error().code == Errc::replaced);
  CHECK(value_in(sample::open_vault(path), name) == "theirs");
}

TEST_CASE("an entry that was not there is put there once, under a name of keyswap's own, too") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const SecretName name = SecretName::internal(name_of("GH_TOKEN"), "@alice");
  {
    Vault vault = sample::open_vault(path);
    CHECK(vault.replace_if(name, "0123", secret_of("a"), kLater).error().code == Errc::replaced);
    REQUIRE(vault.replace_if(name, "", secret_of("a"), kLater));
    CHECK(vault.replace_if(name, "", secret_of("b"), kLater).error().code == Errc::replaced);
  }
  const Vault again = sample::open_vault(path);
  CHECK(value_in(again, name) == "a");
  // A user sees what he put there.
  for (const SecretInfo& info : again.list()) {
    CHECK_FALSE(info.name.is_internal());
  }
  const auto names = Vault::names_in(path);
  REQUIRE(names);
  CHECK(std::ranges::none_of(*names, &SecretName::is_internal));
}

TEST_CASE("what no entry may be is not kept, and a private key is replaced by no text") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  CHECK(vault.replace_if(name_of("N"), "", secret_of("a\nb"), kLater).error().code ==
        Errc::invalid_input);
  REQUIRE(vault.add_private_key(name_of("KEY"), secret_of("der"), kLater));
  const auto key = vault.open_entry(name_of("KEY"), EntryKind::private_key, kLater);
  REQUIRE(key);
  CHECK(vault.replace_if(name_of("KEY"), key->version, secret_of("text"), kLater).error().code ==
        Errc::invalid_input);
}

}  // namespace keyswap::vault
