// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "audit/writer.h"
#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/base/log.h"
#include "proxy/base/thread.h"

namespace keyswap::audit {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

// How long a batch that nobody waits for waits for company.
constexpr std::chrono::milliseconds kCompany{5};

struct Owed {
  Listener* listener;
  std::uint64_t ticket;
};

}  // namespace

struct Log::State {
  struct Queued {
    Batch batch;
    Owed owed;
  };

  // What the writer's thread is doing, so that it is woken only when that changes something.
  enum class Doing : std::uint8_t {
    working,
    sleeping,   // wakes for anything
    lingering,  // has batches that nobody waits for: wakes for an urgent one
  };

  enum class Turn : std::uint8_t {
    write,             // a round of batches
    end_segment,       // somebody asked for it
    checkpoint,        // it is due
    sync_checkpoints,  // there is nothing else to do
    stop,
  };

  State(std::unique_ptr<Writer> opened, const base::Clock* given)
      : writer(std::move(opened)), clock(given) {}

  void run();
  Turn next_turn();
  Turn wait_idle(std::unique_lock<std::mutex>& lock);
  Status take_turn(Turn turn);
  Status take_write_turn();
  Status take_end_turn();
  Status take_last_turn();
  Status write_round();
  bool owe_round();
  Status write_batch(const Batch& batch);
  Status checkpoint();
  [[nodiscard]] std::int64_t checkpoint_wait_us() const;
  void publish_head();
  void tell(bool durable);
  void die(const Error& error);

  // Shared, under `mutex`.
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable all_told;
  std::vector<Queued> queue;
  std::size_t queued_records = 0;
  std::size_t untold = 0;  // batches with a listener that was not told yet
  bool has_urgent = false;
  bool is_stopping = false;
  bool should_end_segment = false;
  std::optional<Head> head;
  Doing doing = Doing::working;
  std::atomic<bool> is_dead = false;  // set under `mutex` too, so that no batch slips in behind it

  // The writer thread's own.
  std::unique_ptr<Writer> writer;
  const base::Clock* clock;
  std::vector<Queued> round;
  std::vector<Owed> owed;  // written, not yet known to be durable
  std::int64_t unsigned_since_us = 0;
  std::optional<Head> published;  // as `head`

  std::thread thread;
};

Result<std::unique_ptr<Log>> Log::open(Settings settings) {
  KS_ASSERT(settings.sign && settings.clock != nullptr && settings.segment_bytes > 0);
  const base::Clock* const clock = settings.clock;
  Result<std::unique_ptr<Writer>> writer = Writer::open(std::move(settings));
  if (!writer) {
    return writer.error();
  }
  auto state = std::make_unique<State>(std::move(*writer), clock);
  State* const shared = state.get();
  shared->unsigned_since_us = clock->steady_us();
  shared->head = shared->writer->head();
  auto thread = base::start_thread([shared] { shared->run(); });
  if (!thread) {
    return thread.error();
  }
  shared->thread = std::move(*thread);
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}

Log::~Log() {
  close();
}

void Log::close() {
  if (!state_->thread.joinable()) {
    return;
  }
  {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    state_->is_stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

bool Log::append(Batch&& batch, Listener* listener, std::uint64_t ticket) {
  bool must_wake = false;
  {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    if (state_->is_dead || state_->is_stopping ||
        state_->queued_records + batch.size() > base::bounds::kAuditQueueMax ||
        state_->queue.size() >= base::bounds::kAuditQueueMax) {
      return false;
    }
    must_wake = state_->doing == State::Doing::sleeping ||
                (state_->doing == State::Doing::lingering && batch.is_urgent);
    if (must_wake) {
      state_->doing = State::Doing::working;  // one wake-up is enough
    }
    state_->queued_records += batch.size();
    state_->untold += listener != nullptr ? 1 : 0;
    state_->has_urgent = state_->has_urgent || batch.is_urgent;
    state_->queue.push_back({std::move(batch), {listener, ticket}});
  }
  if (must_wake) {
    state_->wake.notify_one();
  }
  return true;
}

void Log::end_segment() {
  {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    state_->should_end_segment = true;
  }
  state_->wake.notify_one();
}

std::optional<Head> Log::head() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  return state_->head;
}

base::DurationFigures Log::syncs() const {
  base::DurationFigures figures;
  state_->writer->syncs().add_to(figures);
  return figures;
}

void Log::await_answers() {
  std::unique_lock<std::mutex> lock(state_->mutex);
  state_->all_told.wait(lock, [this] { return state_->untold == 0; });
}

const std::string& Log::torn_end() const {
  return state_->writer->torn_end();
}

bool Log::is_dead() const {
  return state_->is_dead;
}

void Log::State::run() {
  while (true) {
    const Turn turn = next_turn();
    if (const Status done = take_turn(turn); !done) {
      die(done.error());
      return;
    }
    publish_head();
    if (turn == Turn::stop) {
      return;
    }
  }
}

// The next thing to do; for Turn::write and Turn::stop what was queued is in `round`.
Log::State::Turn Log::State::next_turn() {
  std::unique_lock<std::mutex> lock(mutex);
  const bool is_idle = queue.empty() && !is_stopping && !should_end_segment;
  const Turn turn = is_idle ? wait_idle(lock) : Turn::write;
  if (turn != Turn::write) {
    return turn;
  }
  if (std::exchange(should_end_segment, false)) {
    return Turn::end_segment;
  }
  if (!has_urgent && !is_stopping) {
    doing = Doing::lingering;
    wake.wait_for(lock, kCompany, [this] { return has_urgent || is_stopping; });
    doing = Doing::working;
  }
  round.swap(queue);
  queued_records = 0;
  has_urgent = false;
  return is_stopping ? Turn::stop : Turn::write;
}

Log::State::Turn Log::State::wait_idle(std::unique_lock<std::mutex>& lock) {
  // Off the waiting path: while it lasts nobody's batch is here.
  if (writer->wants_checkpoint_sync()) {
    return Turn::sync_checkpoints;
  }
  const auto is_called = [this] {
    return !queue.empty() || is_stopping || should_end_segment;
  };
  doing = Doing::sleeping;
  bool is_due = false;
  if (writer->wants_checkpoint()) {
    const std::chrono::microseconds wait(checkpoint_wait_us());
    is_due = !wake.wait_for(lock, wait, is_called);
  } else {
    wake.wait(lock, is_called);
  }
  doing = Doing::working;
  return is_due ? Turn::checkpoint : Turn::write;
}

Status Log::State::take_turn(Turn turn) {
  switch (turn) {
    case Turn::write:
      return take_write_turn();
    case Turn::end_segment:
      return take_end_turn();
    case Turn::checkpoint:
      return checkpoint();
    case Turn::sync_checkpoints:
      return writer->sync_checkpoints();
    case Turn::stop:
      return take_last_turn();
  }
  return {};
}

Status Log::State::take_write_turn() {
  KS_TRY(write_round());
  // Requests that wait go before a signature, until it is due.
  return writer->wants_checkpoint() && checkpoint_wait_us() == 0 ? checkpoint() : Status();
}

Status Log::State::take_end_turn() {
  KS_TRY(writer->end_segment());
  if (!writer->wants_sync()) {
    tell(true);  // it was synced on the way
  }
  return {};
}

Status Log::State::take_last_turn() {
  KS_TRY(write_round());
  KS_TRY(checkpoint());
  return writer->sync_checkpoints();
}

Status Log::State::write_round() {
  const bool is_urgent = owe_round();
  if (!writer->wants_checkpoint()) {
    unsigned_since_us = clock->steady_us();
  }
  for (const Queued& queued : round) {
    if (const Status written = write_batch(queued.batch); !written) {
      return written.error();
    }
  }
  KS_TRY(is_urgent ? writer->sync() : writer->flush());
  if (!writer->wants_sync()) {
    tell(true);  // I6: after the sync, never before it
  }
  round.clear();
  return {};
}

// All of the round is owed an answer before any of it can fail; gives whether somebody waits for
// it.
bool Log::State::owe_round() {
  bool is_urgent = false;
  for (const Queued& queued : round) {
    is_urgent = is_urgent || queued.batch.is_urgent;
    if (queued.owed.listener != nullptr) {
      owed.push_back(queued.owed);
    }
  }
  return is_urgent;
}

Status Log::State::write_batch(const Batch& batch) {
  std::size_t begin = 0;
  for (const std::size_t end : batch.ends_) {
    const std::string_view body = std::string_view(batch.bodies_).substr(begin, end - begin);
    if (const Status added = writer->add(body); !added) {
      return added.error();
    }
    begin = end;
  }
  return {};
}

Status Log::State::checkpoint() {
  KS_TRY(writer->sync());
  tell(true);
  // Under a load that leaves no pause, this is where the checkpoint before becomes durable.
  KS_TRY(writer->sync_checkpoints());
  return writer->checkpoint();
}

// Until the oldest record that no checkpoint covers has waited long enough for one.
std::int64_t Log::State::checkpoint_wait_us() const {
  const std::int64_t due_us = unsigned_since_us + base::bounds::kAuditCheckpointMs * 1000;
  return std::max<std::int64_t>(due_us - clock->steady_us(), 0);
}

// What a head says is durable: it is taken from the writer only when all of a turn was done.
void Log::State::publish_head() {
  const std::optional<Head>& now = writer->head();
  if (now && (!published || published->seq != now->seq)) {
    published = now;
    const std::lock_guard<std::mutex> guard(mutex);
    head = now;
  }
}

void Log::State::tell(bool durable) {
  for (const Owed& one : owed) {
    one.listener->batch_done(one.ticket, durable);
  }
  {
    const std::lock_guard<std::mutex> guard(mutex);
    untold -= owed.size();
  }
  all_told.notify_all();
  owed.clear();
}

// Nothing is tried again. Whoever waits, and whoever comes, is told that there is no log.
void Log::State::die(const Error& error) {
  std::vector<Queued> rest;
  {
    const std::lock_guard<std::mutex> guard(mutex);
    is_dead = true;
    rest.swap(queue);
    queued_records = 0;
  }
  base::log::line(base::log::Level::error,
                  "the audit log has failed: every request is refused until a restart",
                  error);
  for (const Queued& queued : rest) {
    if (queued.owed.listener != nullptr) {
      owed.push_back(queued.owed);
    }
  }
  tell(false);
}

}  // namespace keyswap::audit
