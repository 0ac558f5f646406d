// SPDX-License-Identifier: Apache-2.0
//
// The names that a vault's file shows to whoever has it.
#include <algorithm>

#include "vault/store.h"
#include "vault/vault.h"

namespace keyswap::vault {

base::Result<std::vector<SecretName>> Vault::names_in(const std::string& path) {
  auto store = Store::open(path);
  if (!store) {
    return store.error();
  }
  const auto rows = store->read_credentials();
  if (!rows) {
    return rows.error();
  }
  std::vector<SecretName> names;
  for (const CredentialRow& row : *rows) {
    if (auto name = SecretName::parse(row.name)) {  // whatever somebody wrote into the file
      names.push_back(*std::move(name));
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace keyswap::vault
