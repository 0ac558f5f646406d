// SPDX-License-Identifier: Apache-2.0
//
// The vault's entries of keyswap's own: the CA's key, the audit log's signing seed, the digests of
// callers' tokens.
#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "vault/vault_state.h"

namespace keyswap::vault {

base::Status Vault::State::write_system(SystemRow& row, const Secret& value, Digests& digests) {
  if (contents.system.size() >= base::bounds::kVaultEntriesMax &&
      !contents.system.contains(row.name)) {
    return base::Error{base::Errc::limit_exceeded, "the vault is full"};
  }
  auto sealed = sealer.seal_system(row.name, value);
  if (!sealed) {
    return sealed.error();
  }
  row.sealed = std::move(*sealed);
  digests[digest_key(row)] = digest_of(sealer, row);
  return store.put_system(row);
}

base::Status Vault::State::remove_system(const SystemRow& row, Digests& digests) {
  if (!contents.system.contains(row.name)) {
    return no_such_secret();
  }
  digests.erase(digest_key(row));
  return store.remove_system(row.name);
}

base::Status Vault::put_system(std::string_view name, const Secret& value) {
  const auto parsed = SecretName::parse(name);
  if (!parsed) {
    return parsed.error();
  }
  KS_TRY(check_size(value));
  SystemRow row{parsed->text(), {}};
  return state_->change([&](Digests& digests) { return state_->write_system(row, value, digests); },
                        [&](Contents& contents) {
                          contents.system.insert_or_assign(row.name, std::move(row.sealed));
                        });
}

base::Status Vault::add_system(std::string_view name, const Secret& value) {
  const auto parsed = SecretName::parse(name);
  if (!parsed) {
    return parsed.error();
  }
  KS_TRY(check_size(value));
  SystemRow row{parsed->text(), {}};
  const auto write = [&](Digests& digests) -> base::Status {
    if (state_->contents.system.contains(row.name)) {
      return base::Error{base::Errc::already_exists, "the vault has an entry of that name"};
    }
    return state_->write_system(row, value, digests);
  };
  return state_->change(write, [&](Contents& contents) {
    contents.system.insert_or_assign(row.name, std::move(row.sealed));
  });
}

base::Status Vault::remove_system(std::string_view name) {
  const SystemRow row{std::string(name), {}};
  return state_->change([&](Digests& digests) { return state_->remove_system(row, digests); },
                        [&](Contents& contents) { contents.system.erase(row.name); });
}

std::vector<std::string> Vault::system_names(std::string_view prefix) const {
  std::vector<std::string> names;
  {
    const std::shared_lock lock(state_->readers);
    for (const auto& [name, sealed] : state_->contents.system) {
      if (name.starts_with(prefix)) {
        names.push_back(name);
      }
    }
  }
  std::ranges::sort(names);
  return names;
}

base::Result<bool> Vault::matches_system(std::string_view name, std::string_view value) const {
  if (state_->is_locked()) {
    return is_locked_now();
  }
  const auto stored = fetch_system(name);
  if (!stored) {
    return stored.error();
  }
  return base::equal_constant_time(stored->reveal(), value);
}

base::Result<Secret> Vault::fetch_system(std::string_view name) const {
  if (state_->fault != FileFault::none) {
    return file_is_not_trusted();
  }
  const std::shared_lock lock(state_->readers);
  const auto found = state_->contents.system.find(std::string(name));
  if (found == state_->contents.system.end()) {
    return no_such_secret();
  }
  return state_->sealer.open_system(found->first, found->second);
}

}  // namespace keyswap::vault
