// SPDX-License-Identifier: Apache-2.0
//
// An engine of sources that runs, with all around it that it is handed, and runs that do what their
// test's script says.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/outgoing/engine.h"
#include "test/outgoing/loopback.h"
#include "test/support/temp_file.h"

namespace keyswap::outgoing::sample {

using test::pki;
using vault::Answer;
using vault::Step;

inline constexpr const char* kHost = "localhost";
inline constexpr std::int64_t kLongUs = 20'000'000;

inline vault::SecretName name(std::string_view text) {
  auto parsed = vault::SecretName::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

// A run that does what its script says: each step is made of the answer to the one before.
class ScriptRun final : public vault::Run {
 public:
  using Make = std::function<Step(Answer)>;

  explicit ScriptRun(std::vector<Make> steps) : steps_(steps.begin(), steps.end()) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return next(vault::Granted{}); }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    return next(std::move(answer));
  }

 private:
  Step next(Answer answer) {
    const Make make = std::move(steps_.front());
    steps_.pop_front();
    return make(std::move(answer));
  }

  std::deque<Make> steps_;
};

inline Step done_with(std::string key, vault::Secret value, std::string version) {
  vault::Done done;
  done.values.push_back({std::move(key), std::move(value), std::move(version), std::nullopt});
  return done;
}

// The words of an answer, and of an end.
inline std::string told(const Answer& answer) {
  if (const auto* call = std::get_if<vault::CallAnswer>(&answer)) {
    return std::to_string(call->status) + " " + std::string(call->body.reveal());
  }
  if (const auto* entry = std::get_if<vault::EntryAnswer>(&answer)) {
    return std::string(entry->value.reveal());
  }
  if (const auto* noted = std::get_if<vault::Noted>(&answer)) {
    return noted->is_durable ? "durable" : "lost";
  }
  if (const auto* error = std::get_if<base::Error>(&answer)) {
    return error->note.text();
  }
  return std::holds_alternative<vault::Granted>(answer) ? "granted" : "kept";
}

// On any thread: no assertion of the test's.
inline vault::Secret bytes_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  return secret ? std::move(*secret) : vault::Secret();
}

class FakeLog final : public outgoing::FetchLog {
 public:
  void append(const vault::SourceSpec& spec,
              std::vector<vault::FetchEvent> events,
              std::int64_t /*took_us*/,
              std::function<void(bool is_durable)> done) override {
    {
      const std::lock_guard lock(mutex_);
      for (const vault::FetchEvent& event : events) {
        lines_.push_back(spec.id + " " + event.secret + " " + event.outcome +
                         (event.used_default_expiry ? " (no end)" : ""));
      }
    }
    done(is_durable);
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  std::atomic<bool> is_durable = true;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// An engine that runs, and who asks it.
class World {
 public:
  explicit World(std::int64_t turns_ms = base::bounds::kSourceTurnMs) {
    pki();
    CallThread::Parts parts;
    parts.turns_ms = turns_ms;
    parts.log = &log;
    parts.clock = &clock_;
    parts.lock_file = locks_.path();
    parts.steps.read_entry = [](const vault::ReadEntry& step, bool is_anew) -> Answer {
      return vault::EntryAnswer{bytes_of(step.name.text() + (is_anew ? " anew" : "")), "1"};
    };
    parts.steps.read_file = [this](const vault::ReadFile& step) -> Answer {
      if (before_reading) {
        before_reading();
      }
      return vault::EntryAnswer{bytes_of(step.path), ""};
    };
    parts.steps.keep_entry = [this](const vault::KeepEntry& step) -> Answer {
      if (before_keeping) {
        before_keeping();
      }
      const std::lock_guard lock(mutex_);
      kept_.push_back(step.name.text());
      return vault::Kept::done;
    };
    parts.run_slow = [this](std::function<void()> work) {
      const std::lock_guard lock(mutex_);
      workers_.emplace_back(std::move(work));
    };
    parts.run_file = parts.run_slow;
    auto made = CallThread::create(std::move(parts));
    REQUIRE(made);
    engine = std::move(*made);
    const auto policy = test::loopback_policy();
    engine->apply(policy.bindings, policy.tls);
    REQUIRE(engine->start());
    spec.id = "company";
    spec.allowed = {{"127.0.0.0", 8}, {"::1", 128}};
  }

  World(const World&) = delete;
  World& operator=(const World&) = delete;
  World(World&&) = delete;
  World& operator=(World&&) = delete;

  ~World() {
    engine->stop();
    for (std::thread& worker : workers_) {
      worker.join();
    }
  }

  // As the caches do: on the engine's thread.
  void begin(const vault::SourceSpec& of,
             std::vector<ScriptRun::Make> steps,
             std::int64_t wait_us = kLongUs) {
    begin_run(of, std::make_unique<ScriptRun>(std::move(steps)), wait_us);
  }

  void begin_run(const vault::SourceSpec& of,
                 std::unique_ptr<vault::Run> run,
                 std::int64_t wait_us = kLongUs) {
    const auto begun = std::make_shared<std::unique_ptr<vault::Run>>(std::move(run));
    engine->post([this, &of, begun, wait_us] {
      engine->run(
          of, std::move(*begun), clock_.steady_us() + wait_us, [this](vault::RunOutcome outcome) {
            ended(std::move(outcome));
          });
    });
  }

  // The next that ended: "ok VALUE", or its fault's word; "ours: " where that is not its source's.
  std::string await() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return !ends_.empty(); });
    const std::string first = ends_.front();
    ends_.pop_front();
    return first;
  }

  std::string run(std::vector<ScriptRun::Make> steps, std::int64_t wait_us = kLongUs) {
    begin(spec, std::move(steps), wait_us);
    return await();
  }

  [[nodiscard]] std::vector<std::string> kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

  [[nodiscard]] const base::Clock& clock() const { return clock_; }

  FakeLog log;
  std::function<void()> before_keeping;
  std::function<void()> before_reading;
  vault::SourceSpec spec;
  std::unique_ptr<CallThread> engine;

 private:
  void ended(vault::RunOutcome outcome) {
    const std::lock_guard lock(mutex_);
    if (const auto* failed = std::get_if<vault::Failed>(&outcome)) {
      const bool is_ours = failed->fault == vault::FetchFault::no_turn;
      ends_.push_back((is_ours ? "ours: " : "") + failed->outcome);
    } else {
      const auto& values = std::get<vault::Done>(outcome).values;
      ends_.push_back("ok " + (values.empty() ? "" : std::string(values[0].value.reveal())));
    }
    wake_.notify_all();
  }

  base::SystemClock clock_;
  test::TempFile locks_{""};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> ends_;      // guarded by mutex_
  std::vector<std::string> kept_;     // guarded by mutex_
  std::vector<std::thread> workers_;  // guarded by mutex_
};

inline ScriptRun::Make call(std::string url) {
  return [url = std::move(url)](const Answer& /*before*/) -> Step {
    return test::call_to(url);
  };
}

// Brings what the last step was answered with.
inline ScriptRun::Make bring(std::string key = "K") {
  return [key = std::move(key)](const Answer& answer) {
    return done_with(key, test::secret_of(told(answer)), "1");
  };
}

}  // namespace keyswap::outgoing::sample
