// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/run_drive.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/launcher/command_table.h"
#include "vault/sources/capture.h"

namespace keyswap::outgoing {

namespace {

namespace bounds = base::bounds;
using base::Errc;
using base::Error;
using vault::FetchEvent;
using vault::FetchEventKind;

FetchEventKind kind_of(const vault::SourceSpec& spec) {
  return spec.is_minted                     ? FetchEventKind::minted
         : spec.kind == vault::kCaptureKind ? FetchEventKind::captured
                                            : FetchEventKind::fetched;
}

// As people write it: "KEY", "KEY#field".
std::string shown(std::string_view key) {
  const auto [name, field] = vault::parts_of(key);
  return std::string(name) + (field.empty() ? "" : "#" + std::string(field));
}

// A record of each key, be it fetched or missed. A run that lists names brings them without values,
// or with their notes: nothing was fetched.
std::vector<FetchEvent> events_of(const vault::SourceSpec& spec, const vault::Done& done) {
  std::vector<FetchEvent> events;
  for (const vault::FetchedValue& one : done.values) {
    if (one.value.size() != 0 && !done.is_listing) {
      events.push_back({.kind = kind_of(spec),
                        .secret = shown(one.key),
                        .version = one.version,
                        .expires_at = one.expires_at,
                        .used_default_expiry = spec.is_minted && !one.expires_at});
    }
  }
  for (const vault::Missed& one : done.missed) {
    events.push_back({.kind = kind_of(spec),
                      .secret = shown(one.key),
                      .version = "",
                      .expires_at = std::nullopt,
                      .outcome = one.failed.outcome});
  }
  return events;
}

}  // namespace

RunDrive::RunDrive(DriveParts& parts,
                   const vault::SourceSpec& spec,
                   CallPolicy policy,
                   std::unique_ptr<vault::Run> run,
                   std::uint64_t ticket,
                   Ended ended)
    : parts_(&parts),
      spec_(&spec),
      policy_(std::move(policy)),
      ended_(std::move(ended)),
      run_(std::move(run)),
      ticket_(ticket),
      begun_us_(parts.clock->steady_us()),
      time_(0, parts.turns_ms, begun_us_),
      deadline_(*parts.loop, [this] { hurry(); }),
      lock_again_(*parts.loop, [this] { try_lock(); }),
      wait_over_(*parts.loop, [this] { answer(vault::Granted{}); }),
      self_(std::make_shared<RunDrive*>(this)) {}

RunDrive::~RunDrive() {
  parts_->slots->remove(ticket_);
}

void RunDrive::begin(std::int64_t wait_ms) {
  time_ = RunTime(wait_ms, parts_->turns_ms, parts_->clock->steady_us());
  deadline_.set(wait_ms);
  take(run_->begin(parts_->clock->wall_us()));
}

void RunDrive::take(vault::Step step) {
  std::visit([this](auto& one) { do_step(std::move(one)); }, step);
}

void RunDrive::answer(vault::Answer answer) {
  if (is_cut_) {
    return;
  }
  doing_ = Doing::nothing;
  if (ended_) {
    take(run_->on(std::move(answer), parts_->clock->wall_us()));
  }
}

// --- its time ---

void RunDrive::hurry() {
  is_late_ = true;
  if (may_be_cut()) {
    is_cut_ = true;
    end_late();
  }
}

// What the vault or a program is asked for ends by itself, and so does a call whose answer would be
// lost (I13).
bool RunDrive::may_be_cut() const {
  return (doing_ == Doing::calling && !is_spending()) || doing_ == Doing::locking ||
         doing_ == Doing::waiting || doing_ == Doing::reading_file;
}

// That it had no turn to call is ours, and says nothing of its source.
void RunDrive::end_late() {
  drop_step();
  auto end = run_->cut_off(time_.is_waiting()
                               ? vault::Failed{vault::FetchFault::no_turn, "no_turn", 0}
                               : vault::Failed{vault::FetchFault::unavailable, "timed_out", 0});
  std::visit([this](auto& one) { do_step(std::move(one)); }, end);
}

void RunDrive::drop_step() {
  call_.reset();
  next_call_.reset();
  lock_again_.clear();
  wait_over_.clear();
}

void RunDrive::end(vault::RunOutcome outcome) {
  doing_ = Doing::nothing;
  deadline_.clear();
  drop_step();
  locks_.clear();
  parts_->slots->remove(ticket_);
  if (const Ended told = std::exchange(ended_, nullptr)) {
    told(std::move(outcome));
  }
  parts_->deal_slots();
}

// --- calls and programs ---

void RunDrive::do_step(vault::Call step) {
  if (is_late_) {
    end_late();
    return;
  }
  doing_ = Doing::calling;
  next_call_ = std::move(step);
  deadline_.set(time_.wait(parts_->clock->steady_us()));
  parts_->slots->add(ticket_, spec_->id);
  parts_->deal_slots();
}

void RunDrive::call() {
  if (!next_call_) {
    return;
  }
  if (!run_->is_wanted()) {
    hurry();
    return;
  }
  const vault::Call step = std::move(*next_call_);
  next_call_.reset();
  deadline_.set(time_.go_on(parts_->clock->steady_us()));
  is_spending_ = step.is_spending;
  call_ = std::make_unique<OutgoingCall>(
      *parts_->calls, policy_, step, step.ms_max, [this](vault::Answer answer) {
        called(std::move(answer));
      });
}

void RunDrive::called(vault::Answer told) {
  parts_->slots->remove(ticket_);
  const auto done_with = std::move(call_);  // it tells this, and goes when it has told
  answer(std::move(told));
  parts_->deal_slots();
}

// The table of programs was made before anything was given up; what a later policy adds is not in
// it until the next start.
void RunDrive::do_step(const vault::RunCommand& step) {
  if (is_late_) {
    end_late();
    return;
  }
  doing_ = Doing::running_command;
  const auto command = launcher::command_of(*spec_, step.key);
  const auto index = parts_->launcher == nullptr ? std::nullopt : parts_->launcher->find(command);
  const auto told = [back = std::weak_ptr(self_)](vault::Answer answer) {
    if (const auto self = back.lock()) {
      (*self)->answer(std::move(answer));
    }
  };
  if (!index) {
    parts_->post([told] {
      told(Error{Errc::permission, "a program that was added since the start is not run"});
    });
    return;
  }
  parts_->launcher->ask(*index, told);
}

// --- locks ---

void RunDrive::do_step(const vault::LockEntry& step) {
  if (is_late_) {
    end_late();
    return;
  }
  auto lock = EntryLock::of(parts_->lock_file, step.name);
  if (!lock) {
    slowly([error = lock.error()]() -> vault::Answer { return error; });
    return;
  }
  doing_ = Doing::locking;
  locks_.push_back(std::move(*lock));
  try_lock();
}

void RunDrive::try_lock() {
  const auto taken = locks_.back().take();
  if (taken) {
    answer(vault::Granted{});
  } else if (taken.error().code == Errc::locked) {
    lock_again_.set(bounds::kEntryLockAgainMs);
  } else {
    locks_.pop_back();
    answer(taken.error());
  }
}

// --- waits ---

void RunDrive::do_step(const vault::Wait& step) {
  if (is_late_) {
    end_late();
    return;
  }
  doing_ = Doing::waiting;
  wait_over_.set(step.ms);
}

// --- what disks do ---

void RunDrive::do_step(vault::ReadEntry step) {
  slowly([read = parts_->steps.read_entry, step = std::move(step), is_anew = !locks_.empty()] {
    return read(step, is_anew);
  });
}

void RunDrive::do_step(vault::ReadFile step) {
  if (is_late_) {
    end_late();
    return;
  }
  doing_ = Doing::reading_file;
  parts_->run_file(
      answered_by([read = parts_->steps.read_file, step = std::move(step)] { return read(step); }));
}

void RunDrive::do_step(vault::KeepEntry step) {
  const auto shared = std::make_shared<const vault::KeepEntry>(std::move(step));
  slowly([keep = parts_->steps.keep_entry, shared] { return keep(*shared); });
}

void RunDrive::slowly(std::function<vault::Answer()> work) {
  doing_ = Doing::keeping;
  parts_->run_slow(answered_by(std::move(work)));
}

std::function<void()> RunDrive::answered_by(std::function<vault::Answer()> work) const {
  return [work = std::move(work), post = parts_->post, back = std::weak_ptr(self_)] {
    const auto told = std::make_shared<vault::Answer>(work());
    post([told, back] {
      if (const auto self = back.lock()) {
        (*self)->answer(std::move(*told));
      }
    });
  };
}

// --- records and ends ---

void RunDrive::do_step(vault::Note step) {
  doing_ = Doing::keeping;
  note({std::move(step.event)}, [this](bool is_durable) { answer(vault::Noted{is_durable}); });
}

// What was fetched or minted is on disk before anybody has it (I6).
void RunDrive::do_step(vault::Done step) {
  auto events = events_of(*spec_, step);
  if (events.empty()) {
    end(std::move(step));
    return;
  }
  doing_ = Doing::keeping;
  const auto done = std::make_shared<vault::Done>(std::move(step));
  note(std::move(events), [this, done](bool is_durable) {
    if (is_durable) {
      end(std::move(*done));
    } else {
      end(vault::Failed{vault::FetchFault::unavailable, "audit_unavailable", 0});
    }
  });
}

void RunDrive::do_step(vault::Failed step) {
  doing_ = Doing::keeping;
  FetchEvent event;
  event.kind = kind_of(*spec_);
  event.outcome = step.outcome;
  const auto failed = std::make_shared<vault::Failed>(std::move(step));
  note({std::move(event)}, [this, failed](bool /*is_durable*/) { end(std::move(*failed)); });
}

void RunDrive::note(std::vector<FetchEvent> events, std::function<void(bool is_durable)> then) {
  const std::int64_t took_us = parts_->clock->steady_us() - begun_us_;
  parts_->log->append(
      *spec_,
      std::move(events),
      took_us,
      [post = parts_->post, back = std::weak_ptr(self_), then = std::move(then)](bool is_durable) {
        post([back, then, is_durable] {
          if (!back.expired()) {
            then(is_durable);
          }
        });
      });
}

}  // namespace keyswap::outgoing
