// SPDX-License-Identifier: Apache-2.0
//
// The vault's part of a backup: a copy of its file, and the seal over what stands beside it.
#include <mutex>
#include <utility>

#include "vault/vault_state.h"

namespace keyswap::vault {

base::Result<std::string> Vault::copy_file() {
  const std::lock_guard guard(state_->writer);
  auto view = state_->store.begin_read();
  if (!view) {
    return view.error();
  }
  KS_TRY(state_->take_over());  // a file that is not ours any more is no backup
  auto copy = state_->store.copy();
  if (!copy) {
    return copy.error();
  }
  KS_TRY(view->commit());
  return copy;
}

base::Result<Sealed> Vault::seal_backup(std::string_view file, std::string_view rest) const {
  return state_->sealer.seal_backup(file, rest);
}

base::Result<std::string> Vault::open_backup(std::string_view file, const Sealed& sealed) const {
  return state_->sealer.open_backup(file, sealed);
}

base::Result<Vault> Vault::open_another(const std::string& path) const {
  auto store = Store::open(path);
  if (!store) {
    return store.error();
  }
  const auto ways = store->read_headers();
  if (!ways) {
    return ways.error();
  }
  if (ways->front().vault_id != state_->sealer.vault_id()) {
    return base::Error{base::Errc::invalid_input, "it is another vault"};
  }
  auto sealer = state_->sealer.copy();
  if (!sealer) {
    return sealer.error();
  }
  auto state = State::load(std::move(*store), std::move(*sealer));
  if (!state) {
    return state.error();
  }
  return Vault(std::move(*state));
}

}  // namespace keyswap::vault
