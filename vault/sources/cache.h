// SPDX-License-Identifier: Apache-2.0
//
// What one source gave, for as long as it is good, and who waits for the source meanwhile
// (docs/bindings.md, "How values are kept"). Whoever asks gets a value at once or is told later: no
// thread waits. One run brings what many wait for, and all that is missing at that moment. A value
// that is near its end is fetched anew behind the answer. Failures are not kept as answers; a
// source that is down is asked again after a while, and not by everybody.
//
// I1: values lie in locked memory alone, and are wiped when they are dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/base/clock.h"
#include "vault/source.h"
#include "vault/source_table.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

class ValueStore;

// Carries out the steps of runs, on a thread of its own. What a run brought or why it failed is an
// audit record, durable before `done` is called.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;
  virtual ~Engine() = default;

  // On the engine's thread only, as all that follows is called there. `spec` lives until `done`
  // was called or destroyed. `done`: once, in a later turn. At the deadline, by the steady clock,
  // the run is cut off (`timed_out`). What it waits for its turns to call puts that off: it may
  // wait for bounds::kSourceTurnMs, and is then cut off by a fault of its own (`no_turn`).
  virtual void run(const SourceSpec& spec,
                   std::unique_ptr<Run> run,
                   std::int64_t deadline_us,
                   std::function<void(RunOutcome)> done) = 0;
  // In a later turn, not before that time of the steady clock. From any thread.
  virtual void at(std::int64_t steady_us, std::function<void()> task) = 0;
  // In a later turn. From any thread.
  virtual void post(std::function<void()> task) = 0;
  // Drops what is under way, but for what another side has given out or is about to (I13), and
  // calls nothing any more once it has returned. From any other thread.
  virtual void stop() = 0;
};

// A number below `below`, which nobody can foretell.
using Draw = std::function<std::uint64_t(std::uint64_t below)>;
[[nodiscard]] Draw random_draw();

// What all caches of one process share; each outlives them.
struct CacheParts {
  Engine& engine;
  const base::Clock& clock;
  ValueStore& store;
  Draw draw;
};

// The source could not be asked, and did not answer since.
struct SourceOutage {
  std::string outcome;          // of the run that failed last (docs/sources.md)
  bool needs_login = false;     // a person has to log in again
  std::int64_t since_s = 0;     // since 1970
  std::int64_t next_try_s = 0;  // likewise: not asked before; 0: with the next request

  bool operator==(const SourceOutage&) const = default;
};

// For those who look, not for those who fetch.
struct SourceState {
  std::size_t entries = 0;
  std::string outcome;           // of the last run that ended; "" none did, "ok" it brought it
  std::int64_t next_try_us = 0;  // by the steady clock: it is down until then; 0: it is not
  std::uint64_t generation = 0;
  std::optional<SourceOutage> outage = std::nullopt;
};

// Of each entry that a source is opened with (SourceSpec::own): Vault::read_in.
using Openers = std::vector<std::optional<std::uint64_t>>;

// Thread-safe; fetch() never waits.
class SourceCache {
 public:
  SourceCache(SourceSpec spec,
              std::unique_ptr<Backend> backend,
              CacheParts parts,
              Openers openers = {});
  SourceCache(const SourceCache&) = delete;
  SourceCache& operator=(const SourceCache&) = delete;
  SourceCache(SourceCache&&) = delete;
  SourceCache& operator=(SourceCache&&) = delete;
  // Who waits is told `unavailable`.
  ~SourceCache();

  // As Source::fetch().
  [[nodiscard]] std::optional<FetchAnswer> fetch(const Route& route,
                                                 const Wanted& wanted,
                                                 FetchCallback callback);

  // As Source::refused(). A value that came less than bounds::kRefusedValueMs ago stays: who can
  // make a service refuse it must not make us ask its source with every request.
  void refused(const Route& route, EntryKind kind, std::string_view version);

  // A source that did not take what it is opened with is asked again at once. What was made of an
  // opener that another process changed since is dropped; who waits already is given what comes.
  void vault_changed(const Openers& openers);

  // Drops all values, and every wait for a source that failed. What is under way brings nothing any
  // more: who waits for it is told so, and may ask again. Gives how many values there were.
  std::size_t flush();

  // Who waits is told nothing any more, and nobody waits from now on.
  void fall_silent();

  // On the engine's thread: what Backend::log_out() has left to do, then calls `done`, at once
  // where that is nothing.
  void log_out(std::int64_t deadline_us, std::function<void()> done);

  [[nodiscard]] const SourceSpec& spec() const;
  [[nodiscard]] SourceState state() const;

 private:
  class Core;  // lives on while a run of it is under way
  std::shared_ptr<Core> core_;
};

}  // namespace keyswap::vault
