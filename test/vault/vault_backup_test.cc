// SPDX-License-Identifier: Apache-2.0
//
// The vault's part of a backup: a copy that opens as the vault does, and a seal over what stands
// beside it.
#include "test/vault/sample.h"

namespace keyswap::vault {

namespace {

using base::Errc;
using sample::kNow;
using sample::kOpenAiValue;
using sample::name_of;
using sample::secret_of;

}  // namespace

TEST_CASE("a copy of the file is the vault as it was then, and what is beside it opens with it") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  const auto file = vault.copy_file();
  REQUIRE(file);
  REQUIRE(vault.add(name_of("LATER"), "", secret_of("x"), kNow));
  const std::string rest = std::string(200'000, 'r') + "end";
  const auto sealed = vault.seal_backup(*file, rest);
  REQUIRE(sealed);
  CHECK(sealed->box.find("rrrrrrrr") == std::string::npos);

  sample::write_file(dir.file("copy.db"), *file);
  const auto copy = vault.open_another(dir.file("copy.db"));
  REQUIRE(copy);
  CHECK(sample::fetches(*copy, "OPENAI_API_KEY", kOpenAiValue));
  CHECK_FALSE(copy->has(name_of("LATER")));
  const auto opened = copy->open_backup(*file, *sealed);
  REQUIRE(opened);
  CHECK(*opened == rest);
  // Also nothing at all.
  const auto nothing = vault.seal_backup(*file, "");
  REQUIRE(nothing);
  CHECK(vault.open_backup(*file, *nothing).value().empty());
}

TEST_CASE("what is beside a copy opens beside no other, and not when a bit of it changed", "[I7]") {
  const sample::TempDir dir;
  Vault vault = sample::open_vault(sample::make_sample(dir));
  const auto file = vault.copy_file();
  REQUIRE(file);
  const auto sealed = vault.seal_backup(*file, "rest");
  REQUIRE(sealed);
  REQUIRE(vault.add(name_of("LATER"), "", secret_of("x"), kNow));
  CHECK(vault.open_backup(vault.copy_file().value(), *sealed).error().code == Errc::corrupt);
  for (std::size_t i = 0; i < sealed->box.size(); ++i) {
    Sealed changed = *sealed;
    changed.box[i] = static_cast<char>(changed.box[i] ^ 1);
    REQUIRE(vault.open_backup(*file, changed).error().code == Errc::corrupt);
  }
  CHECK(vault.open_backup(*file, {sealed->nonce, sealed->box.substr(1)}).error().code ==
        Errc::corrupt);
  CHECK(vault.open_backup(*file, {sealed->nonce, ""}).error().code == Errc::corrupt);
  CHECK(vault.open_backup(*file, {"", sealed->box}).error().code == Errc::corrupt);
}

TEST_CASE("another vault is not opened by this one's key") {
  const sample::TempDir dir;
  const Vault vault = sample::open_vault(sample::make_sample(dir));
  const std::string path = dir.file("other.db");
  REQUIRE(Vault::create(path, secret_of("another vault"), kNow));
  CHECK(vault.open_another(path).error().code == Errc::invalid_input);
  CHECK(vault.open_another(dir.file("none.db")).error().code == Errc::not_found);
}

}  // namespace keyswap::vault
