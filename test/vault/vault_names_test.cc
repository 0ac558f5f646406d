// SPDX-License-Identifier: Apache-2.0
//
// Vault::names_in (vault/vault_names.cc).
#include <catch2/catch.hpp>

#include "test/vault/sample.h"

namespace keyswap::vault {

TEST_CASE("the names of a vault's secrets are read without a passphrase, and nothing else as one") {
  const sample::TempDir dir;
  const std::string path = sample::make_sample(dir);
  const auto infos = sample::open_vault(path).list();
  std::vector<SecretName> listed;
  for (const SecretInfo& info : infos) {
    listed.push_back(info.name);
  }
  const auto names = Vault::names_in(path);
  REQUIRE(names);
  CHECK(*names == listed);
  sample::run_sql(path, "UPDATE credentials SET name = 'a' || char(10) || 'b'");
  CHECK(Vault::names_in(path).value().empty());
  CHECK_FALSE(Vault::names_in(dir.file("none.db")));
}

}  // namespace keyswap::vault
