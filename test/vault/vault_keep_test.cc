// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "test/vault/sample.h"
#include "vault/vault.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::kNow;
using sample::name_of;
using sample::secret_of;

std::string version_in(const Vault& vault, const SecretName& name) {
  const auto entry = vault.open_entry(name, EntryKind::text, kNow);
  REQUIRE(entry);
  return entry->version;
}

std::string value_in(const Vault& vault, const SecretName& name) {
  const auto value = vault.fetch(name, kNow);
  REQUIRE(value);
  return std::string(value->reveal());
}

}  // namespace

TEST_CASE("A value is kept in place of the version that is said, and is there after a restart") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto name = name_of("REFRESH");
  {
    auto vault = sample::open_vault(path);
    REQUIRE(vault.add(name, "shop", secret_of("old-token"), kNow));
    const auto before = version_in(vault, name);
    REQUIRE(vault.keep(name, secret_of("new-token"), before, kNow + 1));
    CHECK(value_in(vault, name) == "new-token");
    CHECK(version_in(vault, name) != before);
  }
  CHECK(value_in(sample::open_vault(path), name) == "new-token");
}

TEST_CASE("L18 an entry that somebody else changed meanwhile stays as he left it") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto name = name_of("REFRESH");
  auto vault = sample::open_vault(path);
  REQUIRE(vault.add(name, "", secret_of("old-token"), kNow));
  const auto before = version_in(vault, name);
  {
    auto other = sample::open_vault(path);  // another process
    REQUIRE(other.rotate(name, secret_of("by-hand"), kNow));
  }
  CHECK(vault.keep(name, secret_of("new-token"), before, kNow).error().code ==
        Errc::already_exists);
  CHECK(value_in(vault, name) == "by-hand");
  REQUIRE(vault.remove(name));
  CHECK(vault.keep(name, secret_of("new-token"), before, kNow).error().code ==
        Errc::already_exists);
  CHECK_FALSE(vault.has(name));
}

TEST_CASE("What is not there yet is kept anew, once; also under a name of keyswap's own") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto name = SecretName::internal(name_of("REFRESH"), "#minted");
  {
    auto vault = sample::open_vault(path);
    REQUIRE(vault.keep(name, secret_of("first"), "", kNow));
    CHECK(vault.keep(name, secret_of("second"), "", kNow).error().code == Errc::already_exists);
    REQUIRE(vault.keep(name, secret_of("third"), version_in(vault, name), kNow));
  }
  CHECK(value_in(sample::open_vault(path), name) == "third");
}

TEST_CASE("What no entry may have is not kept, and a private key gives way to no text") {
  const sample::TempDir dir;
  auto vault = sample::open_vault(sample::make_sample(dir));
  CHECK(vault.keep(name_of("A"), secret_of("a\nb"), "", kNow).error().code == Errc::invalid_input);
  CHECK(vault.keep(name_of("A"), secret_of(""), "", kNow).error().code == Errc::invalid_input);
  CHECK_FALSE(vault.has(name_of("A")));
  REQUIRE(vault.add_private_key(name_of("KEY"), secret_of("der"), kNow));
  const auto key = vault.open_entry(name_of("KEY"), EntryKind::private_key, kNow);
  REQUIRE(key);
  CHECK(vault.keep(name_of("KEY"), secret_of("text"), key->version, kNow).error().code ==
        Errc::invalid_input);
}

}  // namespace keyswap::vault
