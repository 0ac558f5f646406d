// SPDX-License-Identifier: Apache-2.0
//
// The engine of sources as `serve` has it: the thread for calls, a worker for what the vault's disk
// takes its time for, another one for files that sources name, records into the audit log, and the
// launcher of programs.
//
// The order: start_launcher() before the vault is opened and anything is given up; create() before
// system calls are; start() with the other threads; stop() while the log still takes records.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "audit/sink.h"
#include "bindings/binding.h"
#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/cli/failure.h"
#include "proxy/launcher/launcher.h"
#include "proxy/net/worker.h"
#include "proxy/outgoing/audit_fetch_log.h"
#include "proxy/outgoing/engine.h"
#include "proxy/tls/context.h"
#include "vault/source_table.h"
#include "vault/sources/cache.h"
#include "vault/vault.h"

namespace keyswap::cli {

// For the programs that `table` names; null where it names none, or is null itself.
Outcome<std::unique_ptr<launcher::Launcher>> start_launcher(const vault::SourceTable* table);

class SourceEngine final : public vault::Engine {
 public:
  // What is referred to outlives it.
  struct Parts {
    vault::Vault* vault = nullptr;
    audit::Sink* log = nullptr;
    const base::Clock* clock = nullptr;
    std::unique_ptr<launcher::Launcher> launcher = nullptr;
    std::string lock_file = {};
    outgoing::LeadsHere leads_here = nullptr;  // asked on the engine's thread
    // As run.h says of KeepEntry; on the worker's thread.
    std::function<vault::Answer(const vault::KeepEntry& step)> keep_entry = nullptr;
  };

  static base::Result<std::unique_ptr<SourceEngine>> create(Parts parts);
  SourceEngine(const SourceEngine&) = delete;
  SourceEngine& operator=(const SourceEngine&) = delete;
  SourceEngine(SourceEngine&&) = delete;
  SourceEngine& operator=(SourceEngine&&) = delete;
  ~SourceEngine() override;

  // As base::start_thread.
  base::Status start();
  // A policy came into force. From any thread.
  void apply(std::shared_ptr<const bindings::Bindings> bindings,
             std::shared_ptr<const tls::ClientContext> tls);

  void run(const vault::SourceSpec& spec,
           std::unique_ptr<vault::Run> run,
           std::int64_t deadline_us,
           std::function<void(vault::RunOutcome)> done) override;
  void at(std::int64_t steady_us, std::function<void()> task) override;
  void post(std::function<void()> task) override;
  void stop() override;

 private:
  SourceEngine(audit::Sink& log, const base::Clock& clock) : log_(log, clock) {}

  outgoing::AuditFetchLog log_;
  net::Worker worker_;
  net::Worker files_;  // of others: a file system that hangs holds up neither calls nor the vault
  std::unique_ptr<outgoing::CallThread> calls_;
};

}  // namespace keyswap::cli
