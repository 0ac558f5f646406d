// SPDX-License-Identifier: Apache-2.0
//
// The way from a secret's name to its source: the vault of this machine at once, or the cache of
// the source that the policy's table names (I14).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/base/clock.h"
#include "vault/source.h"
#include "vault/sources/cache.h"
#include "vault/sources/local.h"
#include "vault/sources/value_store.h"
#include "vault/vault.h"

namespace keyswap::vault {

// Thread-safe.
class Sources final : public Source {
 public:
  // How a source's backend is made: of vault/sources/kinds.cc, but for tests. Null: it is `local`.
  using Make = std::function<std::unique_ptr<Backend>(const SourceSpec& spec)>;

  // All outlive it. `engine`: null where no source but the vault of this machine is ever asked;
  // what comes from elsewhere is then `unavailable`.
  Sources(const Vault& vault, Engine* engine, const base::Clock& clock);
  Sources(const Vault& vault, Engine* engine, const base::Clock& clock, Make make, Draw draw);

  // A policy comes into force; null: one without sources. What was fetched stays where the source
  // is said in the same words, but what was minted goes. A table that is still in use by
  // requests goes on.
  void apply(std::shared_ptr<const SourceTable> table);

  [[nodiscard]] std::optional<FetchAnswer> fetch(const Wanted& wanted,
                                                 FetchCallback callback) override;

  void refused(const Wanted& wanted, std::string_view version) override;

  // The vault of this machine was read again. Does nothing where it is as it was.
  void vault_read();

  // Of the source of that id; "" of all. Gives how many values were dropped.
  std::size_t flush(std::string_view id);

  // Of each source of the table in force, by its id.
  struct Named {
    std::string id;
    std::string kind;
    SourceState state;
  };

  [[nodiscard]] std::vector<Named> states() const;

  // Logs out of what was logged in to, for bounds::kSourceLogOutMs at most, and stops the engine,
  // which takes its own time for what is being kept.
  void stop() override;

 private:
  // By the place of SourceTable::specs(); null: `local`.
  using Caches = std::vector<std::shared_ptr<SourceCache>>;

  struct Applied {
    std::weak_ptr<const SourceTable> table;
    Caches caches;
  };

  [[nodiscard]] std::shared_ptr<SourceCache> cache_of(const SourceTable& table,
                                                      std::uint32_t source) const;
  [[nodiscard]] Caches caches() const;
  [[nodiscard]] Caches caches_for(const SourceTable& table, Caches& minted);
  [[nodiscard]] std::shared_ptr<SourceCache> make_cache(const SourceSpec& spec);
  [[nodiscard]] Openers openers_of(const SourceSpec& spec) const;

  const Vault* vault_;
  std::atomic<std::uint64_t> vault_generation_;  // as it was read last
  LocalSource local_;
  Engine* engine_;
  const base::Clock* clock_;
  Make make_;
  Draw draw_;
  ValueStore store_;
  std::shared_ptr<PendingRotations> pending_;  // what backends leave to those that come after them
  std::atomic<bool> is_stopped_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<const SourceTable*, Applied> applied_;
  std::shared_ptr<const SourceTable> in_force_;
};

}  // namespace keyswap::vault
