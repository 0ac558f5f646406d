// SPDX-License-Identifier: Apache-2.0
//
// The ways to open a vault: the data key stays as it is, and is wrapped anew.
#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "vault/vault_state.h"

namespace keyswap::vault {

base::Status Vault::State::change_ways(const Secret* text, const WayChange& change) {
  const std::lock_guard guard(writer);
  std::optional<Header> made;
  if (text != nullptr) {
    // The stretching takes most of a second: done before the file is locked against others.
    const auto before = store.read_headers();
    if (!before) {
      return before.error();
    }
    auto header = sealer.rewrap(*text, before->front().created_at);
    if (!header) {
      return header.error();
    }
    made = std::move(*header);
  }
  auto transaction = store.begin();
  if (!transaction) {
    return transaction.error();
  }
  KS_TRY(take_over());
  auto ways = store.read_headers();
  if (!ways) {
    return ways.error();
  }
  KS_TRY(change(*ways, made));
  KS_TRY(store.write_headers(*ways));
  return transaction->commit();
}

base::Result<std::size_t> Vault::count_ways(const std::string& path) {
  auto store = Store::open(path);
  if (!store) {
    return store.error();
  }
  const auto ways = store->read_headers();
  if (!ways) {
    return ways.error();
  }
  return ways->size();
}

bool Vault::is_opened_by_key() const {
  return state_->opened_by.is_key;
}

base::Status Vault::change_passphrase(const Secret& passphrase) {
  return state_->change_ways(&passphrase,
                             [](std::vector<Header>& ways, std::optional<Header>& made) {
                               ways.front() = std::move(*made);
                               return base::Status();
                             });
}

base::Status Vault::add_passphrase(const Secret& passphrase) {
  return state_->change_ways(
      &passphrase, [](std::vector<Header>& ways, std::optional<Header>& made) -> base::Status {
        if (ways.size() >= base::bounds::kUnlockWaysMax) {
          return base::Error{base::Errc::already_exists, "the vault has a passphrase and a key"};
        }
        ways.insert(ways.begin(), std::move(*made));
        return {};
      });
}

base::Status Vault::set_key(const Secret& key) {
  return state_->change_ways(&key, [](std::vector<Header>& ways, std::optional<Header>& made) {
    ways.resize(1);
    ways.push_back(std::move(*made));
    return base::Status();
  });
}

base::Status Vault::drop_other_way() {
  return state_->change_ways(
      nullptr, [this](std::vector<Header>& ways, std::optional<Header>&) -> base::Status {
        const auto own = std::ranges::find(ways, state_->opened_by.checksum, &Header::checksum);
        if (own == ways.end()) {
          return base::Error{
              base::Errc::not_found,
              "what opened the vault opens it no more: another command changed that"};
        }
        ways = {Header(*own)};
        return {};
      });
}

}  // namespace keyswap::vault
