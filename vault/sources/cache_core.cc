// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/cache_core.h"

#include <algorithm>

#include "proxy/base/bounds.h"
#include "vault/sources/source_error.h"
#include "vault/sources/value_life.h"
#include "vault/sources/watched_run.h"

namespace keyswap::vault {

namespace {

namespace bounds = base::bounds;
using base::Errc;

constexpr std::int64_t kUsPerMs = 1000;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kMsPerSecond = 1000;

}  // namespace

// --- who asks ---

std::optional<FetchAnswer> SourceCache::Core::fetch(const Route& route,
                                                    const Wanted& wanted,
                                                    FetchCallback callback) {
  const std::string flight = flight_of(route, wanted.kind);
  const std::lock_guard lock(mutex_);
  // Those who only know it again ask for all that there is, and often.
  auto kept = parts_.store.find(
      this, flight, wanted.is_only_known ? ValueStore::Reading::look : ValueStore::Reading::use);
  if (kept && is_good(*kept)) {
    const std::int64_t now_us = parts_.clock.steady_us();
    const bool is_due = now_us >= kept->refresh_us && !wanted.is_only_known && !is_silent_;
    if (is_due && !refusal_of(flight)) {
      want(flight);
    }
    return fetched_of(std::move(*kept));
  }
  if (wanted.is_only_known) {
    return base::Error{Errc::not_found, "it is not known yet"};
  }
  if (is_silent_) {
    return source_is_down(bounds::kSourceAgainMs / kMsPerSecond);
  }
  if (const auto refusal = refusal_of(flight)) {
    auto stale = refusal->code == Errc::network ? stale_of(flight) : std::nullopt;
    return stale ? FetchAnswer(std::move(*stale)) : FetchAnswer(*refusal);
  }
  if (!flights_.has_room()) {
    return base::Error{Errc::unavailable, "too many requests wait for one source"};
  }
  want(flight);
  flights_.wait(flight, std::move(callback));
  return std::nullopt;
}

// Both clocks: the steady one stands while the machine sleeps.
bool SourceCache::Core::is_good(const KeptValue& kept) const {
  return parts_.clock.steady_us() < kept.end_us && !is_over(kept);
}

// What its source says to be over is over.
bool SourceCache::Core::is_over(const KeptValue& kept) const {
  return kept.expires_at && parts_.clock.wall_us() / kUsPerSecond >= *kept.expires_at;
}

std::optional<base::Error> SourceCache::Core::refusal_of(const std::string& flight) const {
  const std::int64_t now_us = parts_.clock.steady_us();
  if (outage_.is_waiting(now_us)) {
    return error_of(outage_.fault(), outage_.wait().again_s(now_us));
  }
  const auto quiet = quiet_.find(flight, now_us);
  return quiet ? std::optional(error_of(quiet->fault, quiet->again_s)) : std::nullopt;
}

std::optional<Fetched> SourceCache::Core::stale_of(const std::string& flight) {
  auto kept = parts_.store.find(this, flight);
  if (!kept || is_over(*kept) || parts_.clock.steady_us() >= kept->stale_end_us) {
    return std::nullopt;
  }
  const bool is_stale = !is_good(*kept);
  return fetched_of(std::move(*kept), is_stale);
}

void SourceCache::Core::want(const std::string& flight) {
  if (flights_.want(flight)) {
    start_queue();
  }
}

void SourceCache::Core::start_queue() {
  if (flights_.has_queue() && !std::exchange(is_start_posted_, true)) {
    parts_.engine.post([core = shared_from_this()] { core->start(); });
  }
}

// --- runs ---

void SourceCache::Core::start() {
  {
    const std::lock_guard lock(mutex_);
    is_start_posted_ = false;
    if (!flights_.has_queue()) {
      return;
    }
  }
  if (!is_logging_in_ && is_login_due()) {
    log_in();
  }
  if (!is_logging_in_ || has_session()) {
    fetch_queue();  // else the log-in's end goes on with the queue
  }
}

bool SourceCache::Core::is_login_due() const {
  if (backend_->login_due_us() > parts_.clock.wall_us()) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  return !has_session() || !login_back_off_.is_waiting(parts_.clock.steady_us());
}

// Nobody waits for a log-in ahead of the end of the one before.
bool SourceCache::Core::has_session() const {
  return parts_.clock.wall_us() < backend_->login_ends_us();
}

// A backend is asked on the engine's thread alone, so it is told of an emptying there.
void SourceCache::Core::forget() {
  Forgetting what = Forgetting::nothing;
  {
    const std::lock_guard lock(mutex_);
    what = std::exchange(to_forget_, Forgetting::nothing);
  }
  forget(what);
}

void SourceCache::Core::forget(Forgetting what) {
  if (what == Forgetting::all) {
    backend_->forget();
  } else if (what == Forgetting::made_of_openers) {
    backend_->reopen();
  }
}

void SourceCache::Core::fetch_queue() {
  auto batch = std::make_shared<Batch>();
  batch->begun_us = parts_.clock.steady_us();
  Forgetting what = Forgetting::nothing;
  {
    // At once: what is fetched for a generation comes of a backend that has forgotten the last.
    const std::lock_guard lock(mutex_);
    what = std::exchange(to_forget_, Forgetting::nothing);
    batch->flights =
        flights_.take_for_run([this](const std::string& flight) { return whole_of(flight); },
                              parts_.store.keys(this),
                              backend_->values_at_once());
    batch->generation = generation_;
    batch->answer = ++answers_;
    batch->opening = openings_;
  }
  forget(what);
  if (batch->flights.empty()) {
    return;
  }
  for (const std::string& flight : batch->flights) {
    batch->keys.emplace_back(key_of(flight));
  }
  std::ranges::sort(batch->keys, {}, [this](const std::string& key) {
    return std::pair(backend_->whole_of(key), std::string_view(key));
  });
  batch->keys.erase(std::unique(batch->keys.begin(), batch->keys.end()), batch->keys.end());
  auto run = std::make_unique<WatchedRun>(backend_->fetch(batch->keys),
                                          [core = shared_from_this()] { return !core->rests(); });
  parts_.engine.run(spec_,
                    std::move(run),
                    batch->begun_us + bounds::kSourceRunMs * kUsPerMs,
                    [core = shared_from_this(), batch](const RunOutcome& outcome) {
                      core->fetched(*batch, outcome);
                    });
}

void SourceCache::Core::fetched(const Batch& batch, const RunOutcome& outcome) {
  if (const auto* done = std::get_if<Done>(&outcome)) {
    end_well(batch, *done);
  } else {
    lose_login(std::get<Failed>(outcome));
    end_badly(&batch, std::get<Failed>(outcome));
  }
  watch_login();  // the run may have logged in anew
  const std::lock_guard lock(mutex_);
  start_queue();  // what waited for this
}

void SourceCache::Core::end_well(const Batch& batch, const Done& done) {
  std::vector<Arrived> arrived;
  for (const std::string& flight : batch.flights) {
    arrived.push_back(arrived_for(flight, done));
  }
  Flights::Told told;
  {
    const std::lock_guard lock(mutex_);
    if (batch.generation != generation_) {
      return;  // who waited for it has been told
    }
    outcome_ =
        done.values.empty() && !done.missed.empty() ? done.missed.front().failed.outcome : "ok";
    if (done.rests) {
      outcome_ = done.rests->outcome;
      rest({}, *done.rests, told);
    } else {
      outage_.worked(batch.begun_us);
    }
    for (std::size_t at = 0; at < arrived.size(); ++at) {
      const std::string& flight = batch.flights[at];
      Arrived& one = arrived[at];
      if (one.told != nullptr) {
        flights_.answer(flight, fetched_of(keep(flight, std::move(one), batch.answer)), told);
        if (batch.opening != openings_) {
          parts_.store.drop(this, flight);
        }
      } else {
        miss(flight, one.failed, told);
      }
    }
  }
  tell(told);
}

// `batch`: null when it was a log-in that failed, for which all in the queue wait.
void SourceCache::Core::end_badly(const Batch* batch, const Failed& failed) {
  Flights::Told told;
  {
    const std::lock_guard lock(mutex_);
    if (batch != nullptr && batch->generation != generation_) {
      return;
    }
    outcome_ = failed.outcome;
    const auto flights = batch == nullptr ? flights_.take_queue() : batch->flights;
    const bool is_of_values = batch != nullptr && (failed.fault == FetchFault::not_found ||
                                                   failed.fault == FetchFault::bad_answer);
    if (is_of_values) {
      outage_.answered(parts_.clock.steady_us());
    }
    if (is_of_values || failed.fault == FetchFault::no_turn) {
      // What one key's value is like says nothing of the others, nor does what we had no time for.
      for (const std::string& flight : flights) {
        miss(flight, failed, told);
      }
    } else {
      rest(flights, failed, told);
    }
  }
  tell(told);
}

// It is asked for nothing for a while; nobody waits for that.
void SourceCache::Core::rest(std::span<const std::string> flights,
                             const Failed& failed,
                             Flights::Told& told) {
  outage_.failed(failed, parts_.clock, parts_.draw);
  const base::Error error =
      error_of(failed.fault, outage_.wait().again_s(parts_.clock.steady_us()));
  if (failed.fault == FetchFault::auth_lost) {
    // What it gave before was given to who we are no more.
    ++generation_;
    parts_.store.drop_all(this);
    to_forget_ = Forgetting::all;
    flights_.answer_all(error, told);
    return;
  }
  for (const std::string& flight : flights) {
    fail(flight, error, told);
  }
  for (const std::string& flight : flights_.take_queue()) {
    fail(flight, error, told);
  }
}

// --- with mutex_ held ---

// Nothing came for it, and it is not asked for again at once. What was kept of it goes where there
// is no such value any more; else it is served on while it is good, and behind its end where the
// source could not be asked for it and the bindings allow that.
void SourceCache::Core::miss(const std::string& flight, const Failed& failed, Flights::Told& told) {
  if (failed.fault == FetchFault::not_found) {
    parts_.store.drop(this, flight);
  }
  const auto quiet = quiet_.hush(flight, parts_.clock.steady_us(), failed, parts_.draw);
  fail(flight, error_of(failed.fault, quiet.again_s), told);
}

// The source gave nothing: the value of before, if the bindings allow it, or the error.
void SourceCache::Core::fail(const std::string& flight,
                             const base::Error& error,
                             Flights::Told& told) {
  auto stale = error.code == Errc::network ? stale_of(flight) : std::nullopt;
  flights_.answer(flight, stale ? FetchAnswer(std::move(*stale)) : FetchAnswer(error), told);
}

// I1: the bytes that are there already stay where they are, if it is the same value.
KeptValue SourceCache::Core::keep(const std::string& flight,
                                  Arrived arrived,
                                  std::uint64_t answer_number) {
  KeptValue kept;
  auto before = parts_.store.find(this, flight);
  if (before && before->value.reveal() == arrived.value.reveal()) {
    kept.value = std::move(before->value);
    kept.version = std::move(before->version);
  } else {
    kept.value = std::move(arrived.value);
    kept.version = std::to_string(++versions_);
  }
  kept.expires_at = arrived.told->expires_at;
  kept.generation = generation_;
  kept.field_of = whole_of(flight);
  kept.answer = answer_number;
  kept.came_us = parts_.clock.steady_us();
  set_life(kept, spec_, parts_.clock, parts_.draw);
  quiet_.erase(flight);
  parts_.store.put(this, flight, kept.share(), spec_.cache.entries_max);
  sweep_at(kept.stale_end_us);
  return kept;
}

// I1: a value is gone from memory when it is over, be it asked for or not.
void SourceCache::Core::sweep_at(std::int64_t end_us) {
  const auto ring_us = sweeps_.set_for(end_us, parts_.clock.steady_us());
  if (!ring_us) {
    return;
  }
  parts_.engine.at(*ring_us, [core = weak_from_this(), at_us = *ring_us] {
    if (const auto alive = core.lock()) {
      alive->sweep(at_us);
    }
  });
}

// --- without it ---

void SourceCache::Core::sweep(std::int64_t ring_us) {
  const std::lock_guard lock(mutex_);
  if (!sweeps_.rang(ring_us)) {
    return;
  }
  parts_.store.drop_ended(parts_.clock.steady_us(), parts_.clock.wall_us() / kUsPerSecond);
  if (const auto next_us = parts_.store.first_end_us(this)) {
    sweep_at(*next_us);
  }
}

std::string SourceCache::Core::whole_of(const std::string& flight) const {
  return std::string(backend_->whole_of(key_of(flight)));
}

void SourceCache::Core::tell(Flights::Told& told) {
  for (auto& [waiter, given] : told) {
    waiter(std::move(given));
  }
}

void SourceCache::Core::refused(const std::string& flight, std::string_view version) {
  const std::lock_guard lock(mutex_);
  const auto kept = parts_.store.find(this, flight, ValueStore::Reading::look);
  const std::int64_t since_us = parts_.clock.steady_us() - bounds::kRefusedValueMs * kUsPerMs;
  if (!kept || kept->version != version || kept->came_us > since_us) {
    return;
  }
  // Its other fields are of the same answer.
  for (const std::string& other : parts_.store.keys(this)) {
    if (whole_of(other) == kept->field_of) {
      parts_.store.drop(this, other);
    }
  }
  to_forget_ = Forgetting::all;
}

std::size_t SourceCache::Core::flush() {
  Flights::Told told;
  std::size_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    dropped = parts_.store.drop_all(this);
    quiet_.clear();
    outage_.worked();
    login_back_off_.worked();
    for (const std::string& flight : flights_.under_way()) {
      flights_.answer(flight, source_is_down(bounds::kSourceAgainMs / kMsPerSecond), told);
    }
    to_forget_ = Forgetting::all;
    start_queue();  // what waited for them
  }
  parts_.engine.post([core = shared_from_this()] { core->forget(); });
  tell(told);
  return dropped;
}

// What opens it, or a refresh token, may be another now.
void SourceCache::Core::vault_changed(const Openers& openers) {
  const std::lock_guard lock(mutex_);
  login_back_off_.worked();
  outage_.opener_changed();
  const bool is_another = openers_ != openers;
  openers_ = openers;
  // I13: a key or a refresh token that was replaced may be one that somebody stole, and what was
  // made of it would go on for an hour. Who waits is given what comes, and nobody after them.
  if (is_another && (spec_.is_minted || backend_->makes_values())) {
    ++openings_;
    parts_.store.drop_all(this);
    to_forget_ = std::max(to_forget_, Forgetting::made_of_openers);
  }
}

void SourceCache::Core::fall_silent() {
  const std::lock_guard lock(mutex_);
  is_silent_ = true;
  ++generation_;
  flights_.clear();
}

void SourceCache::Core::retire() {
  Flights::Told told;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    parts_.store.drop_all(this);
    flights_.answer_all(source_is_down(bounds::kSourceAgainMs / kMsPerSecond), told);
  }
  tell(told);
  parts_.engine.post([core = shared_from_this()] {
    core->log_out(core->parts_.clock.steady_us() + bounds::kSourceRunMs * kUsPerMs, [] {});
  });
}

void SourceCache::Core::log_out(std::int64_t deadline_us, const std::function<void()>& done) {
  is_logged_in_ = false;  // nothing is renewed any more
  auto run = backend_->log_out();
  if (run == nullptr) {
    done();
    return;
  }
  parts_.engine.run(
      spec_, std::move(run), deadline_us, [core = shared_from_this(), done](const RunOutcome&) {
        done();
      });
}

SourceState SourceCache::Core::state() const {
  const std::lock_guard lock(mutex_);
  const bool is_waiting = outage_.is_waiting(parts_.clock.steady_us());
  return {.entries = parts_.store.count(this),
          .outcome = outcome_,
          .next_try_us = is_waiting ? outage_.wait().next_try_us() : 0,
          .generation = generation_,
          .outage = outage_.told(parts_.clock)};
}

}  // namespace keyswap::vault
