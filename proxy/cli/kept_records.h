// SPDX-License-Identifier: Apache-2.0
//
// Records of a command, for an audit log that another process may be writing (I6). The vault keeps
// each, durably and sealed, until it stands in the log: a running proxy takes it from there, as it
// takes over whatever a command changed in the vault; while none runs, the command writes it there
// itself; and where it could not, the next `serve` does, before it serves. Whoever is stopped
// between the two has it recorded once more.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "audit/log.h"
#include "audit/sink.h"
#include "proxy/base/clock.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The vault as a sink. Thread-safe; it takes as long as the disk does.
class KeptRecords final : public audit::Sink {
 public:
  // Both outlive it.
  KeptRecords(vault::Vault& vault, const base::Clock& clock) : vault_(&vault), clock_(&clock) {}

  // The listener is told from inside.
  [[nodiscard]] bool append(audit::Batch&& batch,
                            audit::Listener* listener,
                            std::uint64_t ticket) override;

  [[nodiscard]] bool is_dead() const override { return is_dead_; }

 private:
  vault::Vault* vault_;
  const base::Clock* clock_;
  std::atomic<std::uint64_t> count_ = 0;
  std::atomic<bool> is_dead_ = false;
};

// Writes what the vault keeps into the log, durably, and forgets it. A failure when the log or the
// vault cannot be written; what was not written stays.
Problem record_kept(audit::Log& log, vault::Vault& vault);

// A command's side, behind its records: waits until a running proxy has written them, or writes
// them while none runs. A failure (`no`) when they do not stand in the log after
// bounds::kConfirmMs; the vault keeps them then.
Problem see_recorded(const Home& home, vault::Vault& vault, const base::Clock& clock);

// A running proxy's side, which waits for no disk.
class KeptRecorder final : public audit::Listener {
 public:
  // Hands over what the vault keeps by now, and forgets what became durable since the last call. By
  // one thread at a time; it outlives the log's answers.
  void look(audit::Sink& log, vault::Vault& vault);

  void batch_done(std::uint64_t ticket, bool durable) override;

 private:
  void forget(vault::Vault& vault);
  [[nodiscard]] bool is_new(const std::string& name);

  std::mutex mutex_;
  std::uint64_t tickets_ = 0;                       // guarded by mutex_, as what follows
  std::map<std::uint64_t, std::string> under_way_;  // the vault's entry of each batch
  std::set<std::string> durable_;                   // entries that are in the log
};

}  // namespace keyswap::cli
