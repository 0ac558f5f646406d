// SPDX-License-Identifier: Apache-2.0
//
// What a Vault holds, for the files vault/vault*.cc only: the file, the key, the rows in memory,
// and the one way to change them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vault/contents.h"
#include "vault/entry_rules.h"
#include "vault/seal.h"
#include "vault/store.h"
#include "vault/vault.h"

namespace keyswap::vault {

inline base::Error no_such_secret() {
  return {base::Errc::not_found, "the vault has no such secret"};
}

inline base::Error file_is_not_trusted() {
  return {base::Errc::locked, "the vault's file is not what was opened: nothing of it is used"};
}

inline base::Error is_locked_now() {
  return {base::Errc::locked, "the vault is locked: nothing of it is given out"};
}

struct SavedUse {
  Entry* entry = nullptr;
  std::int64_t used_at = 0;
};

// Of the value in it (Fetched::version).
std::string version_of(const CredentialRow& row);

// Which of the ways to open it was taken.
struct OpenedBy {
  std::string checksum;  // of its header
  bool is_key = false;   // the second of two
};

struct Vault::State {
  State(Store the_store, Sealer the_sealer, Contents the_contents, std::int64_t version)
      : store(std::move(the_store)),
        sealer(std::move(the_sealer)),
        contents(std::move(the_contents)),
        data_version(version),
        generation_read(contents.generation) {}

  // Asked for each secret: two looks, no lock.
  [[nodiscard]] bool is_locked() const { return fault != FileFault::none || locked_for != 0; }

  static base::Result<std::unique_ptr<State>> load(Store store, Sealer sealer);

  // Brings the memory up to the file, if that has changed, and judges the file. Inside a
  // transaction, with `writer` held.
  base::Status take_over();
  base::Status read_changes();

  // One durable change: apply(digests) writes rows and says what their digests become,
  // publish(contents) shows them to readers once they are on disk.
  template <typename Apply, typename Publish>
  base::Status change(Apply apply, Publish publish);

  // What change() applies. With `writer` held, inside its transaction.
  base::Status write_new(const SecretName& name,
                         CredentialRow& row,
                         const Secret& value,
                         Digests& digests);
  base::Status write_rotated(const SecretName& name,
                             EntryKind kind,
                             CredentialRow& row,
                             const Secret& value,
                             Digests& digests);
  base::Status add(const SecretName& name,
                   std::string_view service,
                   const Secret& value,
                   std::int64_t now_s);
  base::Status rotate(const SecretName& name,
                      EntryKind kind,
                      const Secret& value,
                      std::int64_t now_s);
  base::Result<Fetched> fetch(const SecretName& name, EntryKind kind, std::int64_t now_s);
  base::Result<Secret> open(Entry& entry) const;
  base::Status write_system(SystemRow& row, const Secret& value, Digests& digests);
  base::Status remove_system(const SystemRow& row, Digests& digests);
  base::Status write_usage(std::vector<SavedUse>& saved, Digests& digests);
  // What becomes of the headers, the new one at hand where there is one; with `writer` held, inside
  // a transaction.
  using WayChange = std::function<base::Status(std::vector<Header>&, std::optional<Header>&)>;
  // Rewrites the headers by `change`, in one transaction; `text`: what the new one is made of.
  base::Status change_ways(const Secret* text, const WayChange& change);
  base::Status seal_into(CredentialRow& row, const Secret& value, Digests& digests) const;

  Entry* find(const SecretName& name) {
    const auto found = contents.credentials.find(name);
    return found == contents.credentials.end() ? nullptr : found->second.get();
  }

  std::mutex writer;  // held through a change or a refresh; guards store, data_version, is_stale
  Store store;
  const Sealer sealer;
  std::shared_mutex
      readers;  // taken after `writer`; guards contents. A writer may read without it.
  Contents contents;
  std::int64_t data_version;
  std::uint64_t generation_read;                   // of the last reading; guarded by readers
  std::atomic<FileFault> fault = FileFault::none;  // of the last judging
  std::atomic<unsigned> locked_for = 0;            // a bit for each LockedFor
  OpenedBy opened_by;                              // set once
  bool is_stale = false;  // a commit failed: what is in the file is not known
};

template <typename Apply, typename Publish>
base::Status Vault::State::change(Apply apply, Publish publish) {
  const std::lock_guard guard(writer);
  auto transaction = store.begin();
  if (!transaction) {
    return transaction.error();
  }
  KS_TRY(take_over());
  Digests digests = contents.digests;
  KS_TRY(apply(digests));
  const std::uint64_t generation = contents.generation + 1;
  const auto manifest = sealer.seal_manifest(manifest_of(generation, digests));
  if (!manifest) {
    return manifest.error();
  }
  KS_TRY(store.write_manifest(*manifest));
  is_stale = true;
  KS_TRY(transaction->commit());
  is_stale = false;
  const std::unique_lock lock(readers);
  publish(contents);
  contents.generation = generation;
  contents.digests = std::move(digests);
  return {};
}

}  // namespace keyswap::vault
