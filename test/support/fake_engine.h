// SPDX-License-Identifier: Apache-2.0
//
// An engine of sources (vault/sources/cache.h) without a thread, a socket or a file. Time is the
// test's. A run goes as far as it can by itself; a step that asks for something waits until the
// test answers it, or is answered by what the test says beforehand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/clock.h"
#include "vault/sources/cache.h"
#include "vault/sources/run.h"

namespace keyswap::test {

class FakeTime final : public base::Clock {
 public:
  static constexpr std::int64_t kStartUs = 1'750'000'000'000'000;

  std::int64_t steady = 1'000'000;  // apart from the wall's

  [[nodiscard]] std::int64_t wall_us() const override { return kStartUs + steady; }

  [[nodiscard]] std::int64_t steady_us() const override { return steady; }
};

// One run by itself, for those who test a backend: what it asks for, and what it is told.
class RunScript {
 public:
  explicit RunScript(std::unique_ptr<vault::Run> run) : run_(std::move(run)) {
    REQUIRE(run_ != nullptr);
  }

  std::int64_t now_us = FakeTime::kStartUs;

  // By so much the Date of answers differs from `now_us`; nothing: they have none.
  std::optional<std::int64_t> date_off_s;

  // The first step, or the next one.
  vault::Step begin() { return run_->begin(now_us); }

  // Its time is over.
  vault::RunOutcome cut_off() {
    return run_->cut_off({vault::FetchFault::unavailable, "timed_out", 0});
  }

  vault::Step tell(vault::Answer answer) { return run_->on(std::move(answer), now_us); }

  // An answer to a call.
  vault::Step answer(int status, std::string_view body, std::int64_t retry_after_ms = 0) {
    auto secret = vault::Secret::copy_of(body);
    REQUIRE(secret);
    vault::CallAnswer told;
    told.status = status;
    told.body = std::move(*secret);
    told.retry_after_ms = retry_after_ms;
    if (date_off_s) {
      constexpr std::int64_t kUsInSecond = 1'000'000;
      told.date_s = now_us / kUsInSecond + *date_off_s;
    }
    return tell(std::move(told));
  }

  // An answer to ReadEntry and ReadFile.
  vault::Step entry(std::string_view value, std::string version = "1") {
    auto secret = vault::Secret::copy_of(value);
    REQUIRE(secret);
    return tell(vault::EntryAnswer{std::move(*secret), std::move(version)});
  }

 private:
  std::unique_ptr<vault::Run> run_;
};

class FakeEngine final : public vault::Engine {
 public:
  explicit FakeEngine(FakeTime& time) : time_(&time) {}

  // A run whose last step waits for an answer.
  struct Waiting {
    const vault::SourceSpec* spec = nullptr;
    std::unique_ptr<vault::Run> run;
    std::int64_t deadline_us = 0;
    vault::Step step;
    std::function<void(vault::RunOutcome)> done;
  };

  void run(const vault::SourceSpec& spec,
           std::unique_ptr<vault::Run> run,
           std::int64_t deadline_us,
           std::function<void(vault::RunOutcome)> done) override {
    REQUIRE(run != nullptr);
    ++begun_;
    vault::Step step = run->begin(time_->wall_us());
    take({&spec, std::move(run), deadline_us, std::move(step), std::move(done)});
  }

  void at(std::int64_t steady_us, std::function<void()> task) override {
    timers_.push_back({steady_us, std::move(task)});
  }

  void post(std::function<void()> task) override { posted_.push_back(std::move(task)); }

  void stop() override {
    is_stopped_ = true;
    posted_.clear();
    timers_.clear();
    waiting_.clear();
  }

  // Everything that can go on without an answer or time.
  void turn() {
    while (!posted_.empty()) {
      const auto task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }

  // Time passes, timer by timer, and runs whose time is over end.
  void pass(std::int64_t us) {
    turn();
    const std::int64_t end_us = time_->steady + us;
    for (auto due = next_due(end_us); due; due = next_due(end_us)) {
      time_->steady = std::max(time_->steady, *due);
      end_late_runs();
      ring_due_timers();
      turn();
    }
    time_->steady = end_us;
  }

  [[nodiscard]] std::size_t begun() const { return begun_; }

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  [[nodiscard]] std::size_t timers() const { return timers_.size(); }

  // The step of the oldest that waits, or of the n-th.
  [[nodiscard]] const vault::Step& step(std::size_t n = 0) { return nth(n)->step; }

  // Tells it to that run, and goes on.
  void answer(vault::Answer answer, std::size_t n = 0) {
    auto place = nth(n);
    Waiting one = std::move(*place);
    waiting_.erase(place);
    one.step = one.run->on(std::move(answer), time_->wall_us());
    take(std::move(one));
    turn();
  }

  // Its turn to call has not come for too long.
  void give_no_turn(std::size_t n = 0) {
    turn();
    cut_off(nth(n), {vault::FetchFault::no_turn, "no_turn", 0});
    turn();
  }

  // Its turn comes; one that is not wanted any more ends.
  void give_turn(std::size_t n = 0) {
    turn();
    if (!nth(n)->run->is_wanted()) {
      give_no_turn(n);
    }
  }

  [[nodiscard]] bool is_stopped() const { return is_stopped_; }

 private:
  struct Timer {
    std::int64_t due_us = 0;
    std::function<void()> task;
  };

  std::list<Waiting>::iterator nth(std::size_t n) {
    REQUIRE(n < waiting_.size());
    return std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(n));
  }

  void take(Waiting one) {
    if (auto* done = std::get_if<vault::Done>(&one.step)) {
      end(std::move(one.done), std::move(*done));
    } else if (auto* failed = std::get_if<vault::Failed>(&one.step)) {
      end(std::move(one.done), std::move(*failed));
    } else {
      waiting_.push_back(std::move(one));
    }
  }

  // In a later turn, as an engine does.
  void end(std::function<void(vault::RunOutcome)> done, vault::RunOutcome outcome) {
    post([done = std::move(done), told = std::make_shared<vault::RunOutcome>(std::move(outcome))] {
      done(std::move(*told));
    });
  }

  void end_late_runs() {
    for (auto place = waiting_.begin(); place != waiting_.end();) {
      if (place->deadline_us > time_->steady) {
        ++place;
        continue;
      }
      place = cut_off(place, {vault::FetchFault::unavailable, "timed_out", 0});
    }
  }

  std::list<Waiting>::iterator cut_off(std::list<Waiting>::iterator place, vault::Failed why) {
    end(std::move(place->done), place->run->cut_off(std::move(why)));
    return waiting_.erase(place);
  }

  void ring_due_timers() {
    std::vector<std::function<void()>> due;
    std::erase_if(timers_, [&](Timer& timer) {
      if (timer.due_us > time_->steady) {
        return false;
      }
      due.push_back(std::move(timer.task));
      return true;
    });
    for (const auto& task : due) {
      task();
    }
  }

  [[nodiscard]] std::optional<std::int64_t> next_due(std::int64_t end_us) const {
    std::int64_t due = INT64_MAX;
    for (const Timer& timer : timers_) {
      due = std::min(due, timer.due_us);
    }
    for (const Waiting& one : waiting_) {
      due = std::min(due, one.deadline_us);
    }
    return due <= end_us ? std::optional(due) : std::nullopt;
  }

  FakeTime* time_;
  std::deque<std::function<void()>> posted_;
  std::vector<Timer> timers_;
  std::list<Waiting> waiting_;
  std::size_t begun_ = 0;
  bool is_stopped_ = false;
};

}  // namespace keyswap::test
