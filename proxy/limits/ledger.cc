// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/ledger.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/descriptors.h"
#include "proxy/base/log.h"
#include "proxy/base/thread.h"
#include "proxy/limits/sqlite_store.h"

namespace keyswap::limits {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

// What comes to the thread: a claim, or an amount that is given back.
struct Job {
  Claim claim;
  ClaimCallback callback;  // null: it is given back
  Settlement given_back;
  ClaimAnswer answer;
};

// What a commit opens: the journal, and the folder that is synced with it; and one more.
constexpr std::size_t kCommitDescriptors = 3;

// After these the file is as it was, and the next try may succeed.
bool passes_by_itself(const Error& error) {
  return error.code == Errc::no_space || error.code == Errc::locked ||
         error.code == Errc::unavailable || error.code == Errc::permission;
}

}  // namespace

struct Ledger::State {
  explicit State(std::unique_ptr<Store> opened) : store(std::move(opened)) {}

  void run();
  bool wait_for_round();
  void take_round();
  Status write_round();
  Status reserve(const Claim& claim, ClaimAnswer& answer);
  void note_clock(const Claim& claim);
  void fail(const Error& error);
  void answer_round();
  bool push(Job job);

  // Shared, under `mutex`.
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Job> queue;
  std::vector<Move> moves;  // to be made with the next round that succeeds
  std::thread::id own_thread;
  bool is_stopping = false;
  std::atomic<bool> is_dead = false;

  // The thread's own.
  std::unique_ptr<Store> store;
  base::SpareDescriptors spares{kCommitDescriptors};
  std::vector<Job> round;
  std::vector<Move> round_moves;
  bool is_failing = false;
  bool has_noted_clock = false;

  std::thread thread;
};

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path) {
  auto store = SqliteStore::open(path);
  if (!store) {
    return store.error();
  }
  return open(std::move(*store));
}

Result<std::unique_ptr<Ledger>> Ledger::open(std::unique_ptr<Store> store) {
  auto state = std::make_unique<State>(std::move(store));
  State* const shared = state.get();
  auto thread = base::start_thread([shared] { shared->run(); });
  if (!thread) {
    return thread.error();
  }
  shared->thread = std::move(*thread);
  return std::unique_ptr<Ledger>(new Ledger(std::move(state)));
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}

Ledger::~Ledger() {
  close();
}

bool Ledger::reserve(Claim claim, ClaimCallback callback) {
  Job job;
  job.claim = std::move(claim);
  job.callback = std::move(callback);
  return state_->push(std::move(job));
}

void Ledger::release(std::string account, std::int64_t day, std::int64_t amount) {
  if (amount > 0) {
    settle({std::move(account), day, amount, Window::day, 0});
  }
}

void Ledger::settle(Settlement settlement) {
  if (settlement.amount == 0) {
    return;
  }
  Job job;
  job.given_back = std::move(settlement);
  static_cast<void>(state_->push(std::move(job)));
}

void Ledger::carry_over(std::vector<Move> moves) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  state_->moves = std::move(moves);  // those of the policy before: made, or of no use any more
}

void Ledger::close() {
  {
    const std::lock_guard<std::mutex> guard(state_->mutex);
    state_->is_stopping = true;
  }
  state_->wake.notify_one();
  if (state_->thread.joinable()) {
    state_->thread.join();
  }
}

bool Ledger::is_dead() const {
  return state_->is_dead;
}

// What is given back on the thread itself, while it ends, is still taken: it looks at the queue
// again after its callbacks.
bool Ledger::State::push(Job job) {
  {
    const std::lock_guard<std::mutex> guard(mutex);
    const std::size_t most =
        job.callback ? base::bounds::kLedgerQueueMax : 2 * base::bounds::kLedgerQueueMax;
    const bool is_taken = !is_dead && (!is_stopping || std::this_thread::get_id() == own_thread) &&
                          queue.size() < most;
    if (!is_taken) {
      return false;
    }
    queue.push_back(std::move(job));
  }
  wake.notify_one();
  return true;
}

void Ledger::State::run() {
  {
    const std::lock_guard<std::mutex> guard(mutex);
    own_thread = std::this_thread::get_id();
  }
  while (wait_for_round()) {
    take_round();
  }
}

// false: nothing waits, and nothing more will come.
bool Ledger::State::wait_for_round() {
  std::unique_lock<std::mutex> lock(mutex);
  wake.wait(lock, [this] { return !queue.empty() || is_stopping; });
  round.swap(queue);
  if (!moves.empty()) {
    round_moves = std::exchange(moves, {});
  }
  return !round.empty();
}

void Ledger::State::take_round() {
  if (!is_dead) {
    const base::SpareDescriptors::Lent lent(spares);
    const Status written = write_round();
    if (!written) {
      fail(written.error());
    } else if (is_failing) {
      is_failing = false;
      base::log::line(base::log::Level::info, "the limits' database can be written again");
    }
  }
  answer_round();
}

// One transaction for all that waits. Nobody is answered before it is durable.
Status Ledger::State::write_round() {
  KS_TRY(store->begin());
  for (const Move& move : round_moves) {
    KS_TRY(store->carry_over(move));
  }
  for (Job& job : round) {
    KS_TRY(job.callback ? reserve(job.claim, job.answer) : store->settle(job.given_back));
  }
  KS_TRY(store->commit());
  round_moves.clear();  // else they are made with the next
  return {};
}

Status Ledger::State::reserve(const Claim& claim, ClaimAnswer& answer) {
  note_clock(claim);
  const auto reserved = store->reserve(claim);
  if (!reserved) {
    return reserved.error();
  }
  answer = *reserved;
  return {};
}

void Ledger::State::note_clock(const Claim& claim) {
  if (has_noted_clock || day_of(claim.wall_us) >= store->newest_day()) {
    return;
  }
  has_noted_clock = true;
  base::log::line(base::log::Level::warning,
                  "the clock was set back to an earlier day: daily limits go on counting for the "
                  "newest day in limits.db");
}

void Ledger::State::fail(const Error& error) {
  for (Job& job : round) {
    job.answer = {};
  }
  store->roll_back();
  const bool is_for_good = !passes_by_itself(error);
  if (is_for_good) {
    const std::lock_guard<std::mutex> guard(mutex);
    is_dead = true;
  }
  if (is_for_good) {
    base::log::line(base::log::Level::error,
                    "limits.db has failed: calls under a quota or a daily volume are refused "
                    "until a restart",
                    error);
  } else if (!is_failing) {
    base::log::line(base::log::Level::error,
                    "limits.db cannot be written: calls under a quota or a daily volume are "
                    "refused until it can",
                    error);
  }
  is_failing = true;
}

void Ledger::State::answer_round() {
  for (const Job& job : round) {
    if (job.callback) {
      job.callback(job.answer);
    }
  }
  round.clear();  // what the callbacks hold goes now, not with the next round
}

}  // namespace keyswap::limits
