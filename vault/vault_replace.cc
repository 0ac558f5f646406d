// SPDX-License-Identifier: Apache-2.0
//
// Entries that the proxy itself writes while it serves, and others may write at the same time.
#include "vault/entry_rules.h"
#include "vault/vault.h"
#include "vault/vault_state.h"

namespace keyswap::vault {

namespace {

base::Error is_another() {
  return {base::Errc::replaced, "somebody else has changed that secret"};
}

}  // namespace

base::Status Vault::replace_if(const SecretName& name,
                               std::string_view version,
                               const Secret& value,
                               std::int64_t now_s) {
  KS_TRY(check_entry(name, ""));
  KS_TRY(check_value(value));
  if (version.empty()) {
    auto added = state_->add(name, "", value, now_s);
    return !added && added.error().code == base::Errc::already_exists ? is_another() : added;
  }
  auto entry = std::make_unique<Entry>();
  CredentialRow& row = entry->row;
  row.created_at = now_s;
  return state_->change(
      // I13: judged by what is in the file, in the transaction that writes.
      [&](Digests& digests) -> base::Status {
        const Entry* const before = state_->find(name);
        if (before == nullptr || version_of(before->row) != version) {
          return is_another();
        }
        return state_->write_rotated(name, EntryKind::text, row, value, digests);
      },
      [&](Contents& shown) { shown.put(name, std::move(entry)); });
}

std::optional<std::uint64_t> Vault::read_in(const SecretName& name) const {
  const std::shared_lock lock(state_->readers);
  const Entry* const entry = state_->find(name);
  return entry == nullptr ? std::nullopt : std::optional(entry->read_in);
}

}  // namespace keyswap::vault
