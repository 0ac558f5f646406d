// SPDX-License-Identifier: Apache-2.0
//
// The inside of vault/sources/cache.h. Asked from any thread; runs begin and end on the engine's.
//
//   fetch() ── nothing good is kept ──▶ flights_ ──▶ start() ──▶ log_in() where it is due, and
//                                                             │  waited for where there is none
//   waiters ◀── tell() ◀── fetched() ◀── Engine::run ◀────────┘  one run for all in the queue
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vault/sources/back_off.h"
#include "vault/sources/cache.h"
#include "vault/sources/flights.h"
#include "vault/sources/outage.h"
#include "vault/sources/quiet_keys.h"
#include "vault/sources/sweep_times.h"
#include "vault/sources/value_store.h"

namespace keyswap::vault {

class SourceCache::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(SourceSpec spec, std::unique_ptr<Backend> backend, CacheParts parts, Openers openers)
      : spec_(std::move(spec)),
        backend_(std::move(backend)),
        parts_(std::move(parts)),
        openers_(std::move(openers)) {}

  std::optional<FetchAnswer> fetch(const Route& route,
                                   const Wanted& wanted,
                                   FetchCallback callback);
  void refused(const std::string& flight, std::string_view version);
  std::size_t flush();
  void vault_changed(const Openers& openers);
  // Who waits is told nothing any more, and nobody waits from now on.
  void fall_silent();
  // Nobody asks any more: nothing is kept, and who waits is told so.
  void retire();

  [[nodiscard]] const SourceSpec& spec() const { return spec_; }

  [[nodiscard]] SourceState state() const;

  // On the engine's thread.
  void log_out(std::int64_t deadline_us, const std::function<void()>& done);

 private:
  // What the backend drops before it is asked again: the later has the earlier in it.
  enum class Forgetting : std::uint8_t { nothing, made_of_openers, all };

  // What one run fetches.
  struct Batch {
    std::vector<std::string> flights;
    std::vector<std::string> keys;  // what the backend is asked for
    std::int64_t begun_us = 0;
    std::uint64_t generation = 0;
    std::uint64_t answer = 0;   // another batch has another
    std::uint64_t opening = 0;  // as it began
  };

  // On the engine's thread.
  void start();
  void fetch_queue();
  void forget();
  void forget(Forgetting what);
  [[nodiscard]] bool is_login_due() const;
  [[nodiscard]] bool has_session() const;
  void log_in();
  void logged_in(const RunOutcome& outcome);
  void set_login_wait(const Failed* failed);
  void watch_login();
  void log_in_again();
  [[nodiscard]] std::int64_t next_login_us() const;
  void lose_login(const Failed& failed);
  void fetched(const Batch& batch, const RunOutcome& outcome);
  void end_well(const Batch& batch, const Done& done);
  void end_badly(const Batch* batch, const Failed& failed);

  [[nodiscard]] bool rests() const {  // as it asked for
    const std::lock_guard lock(mutex_);
    return outage_.wait().is_told(parts_.clock.steady_us());
  }

  // With mutex_ held.
  [[nodiscard]] bool is_good(const KeptValue& kept) const;
  [[nodiscard]] bool is_over(const KeptValue& kept) const;
  [[nodiscard]] std::optional<base::Error> refusal_of(const std::string& flight) const;
  [[nodiscard]] std::optional<Fetched> stale_of(const std::string& flight);
  void want(const std::string& flight);
  void start_queue();
  void rest(std::span<const std::string> flights, const Failed& failed, Flights::Told& told);
  void miss(const std::string& flight, const Failed& failed, Flights::Told& told);
  void fail(const std::string& flight, const base::Error& error, Flights::Told& told);
  [[nodiscard]] KeptValue keep(const std::string& flight,
                               Arrived arrived,
                               std::uint64_t answer_number);
  void sweep_at(std::int64_t end_us);

  void sweep(std::int64_t ring_us);  // on the engine's thread
  [[nodiscard]] std::string whole_of(const std::string& flight) const;
  static void tell(Flights::Told& told);

  const SourceSpec spec_;
  // On the engine's thread only, but for whole_of() and makes_values().
  const std::unique_ptr<Backend> backend_;
  const CacheParts parts_;
  bool is_logging_in_ = false;  // on the engine's thread, as the next three
  bool is_logged_in_ = false;
  std::uint64_t login_watch_ = 0;      // the timer that counts
  std::int64_t login_watched_us_ = 0;  // what it was set for

  mutable std::mutex mutex_;  // guards what follows
  Flights flights_;
  bool is_start_posted_ = false;
  Forgetting to_forget_ = Forgetting::nothing;
  bool is_silent_ = false;
  QuietKeys quiet_;
  Outage outage_;
  Openers openers_;
  std::uint64_t openings_ = 0;  // one more where values went with another opener
  BackOff login_back_off_;      // of log-ins that failed while the one of before was good
  std::string outcome_;
  std::uint64_t generation_ = 0;
  std::uint64_t versions_ = 0;
  std::uint64_t answers_ = 0;
  SweepTimes sweeps_;
};

}  // namespace keyswap::vault
