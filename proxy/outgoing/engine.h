// SPDX-License-Identifier: Apache-2.0
//
// The engine of all sources (vault/sources/cache.h): one thread with an event loop of its own, on
// which runs are driven, their calls are made, and the caches' timers fall due. It waits for
// nobody: calls and names are the loop's, files and records are other threads'.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bindings/binding.h"
#include "proxy/base/bounds.h"
#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/launcher/launcher.h"
#include "proxy/outgoing/call_guard.h"
#include "proxy/outgoing/fetch_log.h"
#include "proxy/outgoing/run_drive.h"
#include "proxy/tls/context.h"
#include "vault/sources/cache.h"

namespace keyswap::outgoing {

class CallThread final : public vault::Engine {
 public:
  // What is handed in outlives it.
  struct Parts {
    FetchLog* log = nullptr;
    const base::Clock* clock = nullptr;
    std::unique_ptr<launcher::Launcher> launcher;  // null: no source is a program
    std::string lock_file;                         // of the home (proxy/outgoing/entry_lock.h)
    LeadsHere leads_here;                          // asked on the engine's thread; may be empty
    std::int64_t turns_ms = base::bounds::kSourceTurnMs;  // a run waits so long for its turns
    SlowSteps steps;
    std::function<void(std::function<void()> work)> run_slow;  // on a worker's thread
    // Of files that sources name, which may hang: on another worker's thread.
    std::function<void(std::function<void()> work)> run_file;
  };

  // Makes what is made of sockets and locked memory, before system calls are given up. unavailable.
  static base::Result<std::unique_ptr<CallThread>> create(Parts parts);
  CallThread(const CallThread&) = delete;
  CallThread& operator=(const CallThread&) = delete;
  CallThread(CallThread&&) = delete;
  CallThread& operator=(CallThread&&) = delete;
  ~CallThread() override;

  // As base::start_thread; nothing runs before.
  base::Status start();

  // By what runs that begin from now on make their calls. From any thread.
  void apply(std::shared_ptr<const bindings::Bindings> bindings,
             std::shared_ptr<const tls::ClientContext> tls);

  void run(const vault::SourceSpec& spec,
           std::unique_ptr<vault::Run> run,
           std::int64_t deadline_us,
           std::function<void(vault::RunOutcome)> done) override;
  void at(std::int64_t steady_us, std::function<void()> task) override;
  void post(std::function<void()> task) override;
  // A call that spends what it sends is waited for, until its own time is over; what is being kept
  // is kept, for bounds::kSourceLogOutMs at most behind the last such call.
  void stop() override;

 private:
  struct State;
  explicit CallThread(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::outgoing
