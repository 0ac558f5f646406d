// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/known_log.h"

#include <utility>

#include "proxy/cli/approval.h"
#include "proxy/cli/files.h"
#include "proxy/cli/home_creation.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/policy.h"
#include "vault/signing_key.h"

namespace keyswap::cli {

AuditPlace approved_audit_place(const Home& home, const vault::Vault& vault) {
  const auto approval = vault::read_approval(vault);
  if (approval && *approval) {
    const auto approved = approved_bindings(home, **approval, served_bindings(home));
    if (approved && approved->errors.empty()) {
      return audit_place(home, approved->bindings);
    }
  }
  return audit_place(home);
}

Outcome<KnownLog> known_log(const Home& home, const vault::Vault& vault, const std::string& named) {
  const auto seed = vault.fetch_system(kSigningSeedName);
  const auto key =
      seed ? vault::SigningKey::of(*seed) : base::Result<vault::SigningKey>(seed.error());
  if (!key) {
    return Failure{Exit::cannot,
                   "the vault's key of the audit log cannot be read: " + explain(key.error()),
                   "put back a backup of vault.db"};
  }
  KnownLog known;
  known.public_key = key->public_key();
  if (named.empty()) {
    auto folder = remembered_audit_folder(home, vault);
    known.folder = folder ? *std::move(folder) : approved_audit_place(home, vault).folder;
  } else {
    known.folder = absolute_path(named);
  }
  const auto head = kept_head(home, known.folder, vault);
  if (!head) {
    return Failure{Exit::cannot,
                   "the vault's head of the audit log cannot be read: " + explain(head.error()),
                   "put back a backup of vault.db"};
  }
  known.head = *head;
  return known;
}

}  // namespace keyswap::cli
