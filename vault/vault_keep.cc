// SPDX-License-Identifier: Apache-2.0
//
// What a source keeps in the vault: another value for an entry, unless somebody else changed it
// meanwhile. The look and the write are one transaction, over all processes.
#include <utility>

#include "vault/entry_rules.h"
#include "vault/vault_state.h"

namespace keyswap::vault {

base::Status Vault::keep(const SecretName& name,
                         const Secret& value,
                         std::string_view version,
                         std::int64_t now_s) {
  KS_TRY(check_entry(name, ""));
  KS_TRY(check_value(value));
  auto entry = std::make_unique<Entry>();
  CredentialRow& row = entry->row;
  row.created_at = now_s;
  const auto write = [&](Digests& digests) -> base::Status {
    const Entry* before = state_->find(name);
    if ((before == nullptr ? std::string() : version_of(before->row)) != version) {
      return base::Error{base::Errc::already_exists, "somebody else changed the entry meanwhile"};
    }
    if (before != nullptr) {
      return state_->write_rotated(name, EntryKind::text, row, value, digests);
    }
    row.id = make_uuid();
    row.name = name.text();
    return state_->write_new(name, row, value, digests);
  };
  return state_->change(
      write, [&](Contents& shown) { shown.credentials.insert_or_assign(name, std::move(entry)); });
}

}  // namespace keyswap::vault
