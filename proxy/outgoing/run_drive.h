// SPDX-License-Identifier: Apache-2.0
//
// One run of a source (vault/sources/run.h) that is under way: takes its steps, has each carried
// out, and tells it what came of it. On the engine's thread alone.
//
// A run ends when its time is over (proxy/outgoing/run_time.h), with what it has by then. But not
// between a call and what is kept of it: what another side has given out is written down first
// (I13), however late it is. A call that spends what it sends is waited for, too
// (Call::is_spending). A file is not: what it is on may hang.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/launcher/launcher.h"
#include "proxy/outgoing/call_client.h"
#include "proxy/outgoing/call_slots.h"
#include "proxy/outgoing/entry_lock.h"
#include "proxy/outgoing/fetch_log.h"
#include "proxy/outgoing/run_time.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/timer.h"
#include "vault/source_table.h"
#include "vault/sources/cache.h"
#include "vault/sources/run.h"

namespace keyswap::outgoing {

// What takes disks their time; called on a worker's thread, each answered as run.h says.
struct SlowSteps {
  // `is_anew`: what other processes wrote counts, too: the run holds the entry's lock.
  std::function<vault::Answer(const vault::ReadEntry& step, bool is_anew)> read_entry;
  std::function<vault::Answer(const vault::ReadFile& step)> read_file;
  std::function<vault::Answer(const vault::KeepEntry& step)> keep_entry;
};

// What all runs of an engine share; all of it outlives them.
struct DriveParts {
  uv::Loop* loop = nullptr;
  CallClient* calls = nullptr;
  CallSlots* slots = nullptr;
  FetchLog* log = nullptr;
  const base::Clock* clock = nullptr;
  launcher::Launcher* launcher = nullptr;  // null: none was started
  std::string lock_file;
  std::int64_t turns_ms = 0;  // so long a run waits for its turns to call
  SlowSteps steps;
  // Has `work` done on a worker's thread; `run_file` on one of those that may hang.
  std::function<void(std::function<void()> work)> run_slow;
  std::function<void(std::function<void()> work)> run_file;
  // From any thread: in a later turn of the loop, or never once it ends.
  std::function<void(std::function<void()> task)> post;
  // Slots may have become free, or are asked for.
  std::function<void()> deal_slots;
};

class RunDrive {
 public:
  // Called once, on the loop; the drive may be destroyed in a later turn.
  using Ended = std::function<void(vault::RunOutcome)>;

  // `ticket`: no other drive of the engine has it.
  RunDrive(DriveParts& parts,
           const vault::SourceSpec& spec,
           CallPolicy policy,
           std::unique_ptr<vault::Run> run,
           std::uint64_t ticket,
           Ended ended);
  RunDrive(const RunDrive&) = delete;
  RunDrive& operator=(const RunDrive&) = delete;
  RunDrive(RunDrive&&) = delete;
  RunDrive& operator=(RunDrive&&) = delete;
  ~RunDrive();

  void begin(std::int64_t wait_ms);
  // It has the slot that it asked for.
  void call();
  // It would better end: at once, or after what is being kept.
  void hurry();

  // Is a call under way whose answer would be lost?
  [[nodiscard]] bool is_spending() const { return call_ != nullptr && is_spending_; }

 private:
  enum class Doing : std::uint8_t {
    nothing,
    calling,
    locking,
    waiting,
    reading_file,
    running_command,
    keeping,
  };

  void take(vault::Step step);
  void answer(vault::Answer answer);
  void do_step(vault::Call step);
  void do_step(const vault::RunCommand& step);
  void do_step(vault::ReadEntry step);
  void do_step(vault::ReadFile step);
  void do_step(const vault::LockEntry& step);
  void do_step(vault::KeepEntry step);
  void do_step(vault::Note step);
  void do_step(const vault::Wait& step);
  void do_step(vault::Done step);
  void do_step(vault::Failed step);

  void called(vault::Answer answer);
  void try_lock();
  void slowly(std::function<vault::Answer()> work);
  // What does `work` on a thread, and brings its answer back.
  [[nodiscard]] std::function<void()> answered_by(std::function<vault::Answer()> work) const;
  void note(std::vector<vault::FetchEvent> events, std::function<void(bool is_durable)> then);
  void end(vault::RunOutcome outcome);
  void end_late();
  [[nodiscard]] bool may_be_cut() const;
  void drop_step();

  DriveParts* parts_;
  const vault::SourceSpec* spec_;
  CallPolicy policy_;
  Ended ended_;  // outlives the run: it may own what the run writes to as it goes
  std::unique_ptr<vault::Run> run_;
  std::uint64_t ticket_;
  std::int64_t begun_us_;
  RunTime time_;
  Doing doing_ = Doing::nothing;
  bool is_late_ = false;
  bool is_cut_ = false;                   // what still comes of the last step is not looked at
  std::optional<vault::Call> next_call_;  // waits for a slot
  bool is_spending_ = false;              // the call under way
  std::unique_ptr<OutgoingCall> call_;
  std::vector<EntryLock> locks_;
  uv::Timer deadline_;
  uv::Timer lock_again_;
  uv::Timer wait_over_;
  std::shared_ptr<RunDrive*> self_;  // what comes back later finds it by this, or finds it gone
};

}  // namespace keyswap::outgoing
