// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/engine.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/outgoing/loopback.h"
#include "test/support/temp_file.h"

namespace keyswap {
namespace {

namespace bounds = base::bounds;
using outgoing::CallThread;
using test::http_answer;
using test::LoopbackServer;
using test::pki;
using vault::Answer;
using vault::Step;

constexpr const char* kHost = "localhost";
constexpr std::int64_t kLongUs = 20'000'000;

vault::SecretName name(std::string_view text) {
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

Step done_with(std::string key, vault::Secret value, std::string version) {
  vault::Done done;
  done.values.push_back({std::move(key), std::move(value), std::move(version), std::nullopt});
  return done;
}

// The words of an answer, and of an end.
std::string told(const Answer& answer) {
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
vault::Secret bytes_of(std::string_view text) {
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
  World() {
    pki();
    CallThread::Parts parts;
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
    engine->post([this, &of, steps = std::move(steps), wait_us] {
      engine->run(of,
                  std::make_unique<ScriptRun>(steps),
                  clock_.steady_us() + wait_us,
                  [this](vault::RunOutcome outcome) { ended(std::move(outcome)); });
    });
  }

  // The next that ended: "ok VALUE", or its fault's word.
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
      ends_.push_back(failed->outcome);
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

ScriptRun::Make call(std::string url) {
  return [url = std::move(url)](const Answer& /*before*/) -> Step {
    return test::call_to(url);
  };
}

// Brings what the last step was answered with.
ScriptRun::Make bring(std::string key = "K") {
  return [key = std::move(key)](const Answer& answer) {
    return done_with(key, test::secret_of(told(answer)), "1");
  };
}

TEST_CASE("L15 a run's steps are done in turn, and recorded before what it brings is had [I6]",
          "[I6]") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "token")}});
  std::vector<std::string> seen;
  World world;
  const auto see = [&seen](auto make) {
    return [&seen, make](const Answer& answer) -> Step {
      seen.push_back(told(answer));
      return make();
    };
  };
  const auto result =
      world.run({[](const Answer& /*none*/) -> Step { return vault::ReadEntry{name("OWN")}; },
                 see([] { return vault::LockEntry{name("OWN")}; }),
                 see([] { return vault::ReadEntry{name("OWN")}; }),
                 see([] { return vault::ReadFile{"/run/token"}; }),
                 see([url = server.url(kHost)] { return test::call_to(url); }),
                 see([] {
                   vault::FetchEvent event;
                   event.kind = vault::FetchEventKind::rotation_pending;
                   event.secret = "OWN";
                   event.outcome = "pending";
                   return vault::Note{event};
                 }),
                 see([] {
                   return vault::KeepEntry{name("OWN"), test::secret_of("new"), "1"};
                 }),
                 bring("K\x1f"
                       "field")});
  CHECK(result == "ok kept");
  CHECK(seen == std::vector<std::string>{
                    "OWN", "granted", "OWN anew", "/run/token", "200 token", "durable"});
  CHECK(world.kept() == std::vector<std::string>{"OWN"});
  CHECK(world.log.lines() == std::vector<std::string>{"company OWN pending", "company K#field ok"});
}

TEST_CASE("L04 of what was minted and does not say when it ends the record says that") {
  World world;
  world.spec.is_minted = true;
  CHECK(world.run({bring()}).starts_with("ok"));
  CHECK(world.log.lines() == std::vector<std::string>{"company K ok (no end)"});
}

TEST_CASE("what cannot be recorded is not had [I6]", "[I6]") {
  World world;
  world.log.is_durable = false;
  CHECK(world.run({bring()}) == "audit_unavailable");
}

TEST_CASE("why a run failed is recorded, by its own words") {
  World world;
  CHECK(world.run({[](const Answer& /*none*/) -> Step {
    return vault::Failed{vault::FetchFault::not_found, "no_such_key", 0};
  }}) == "no_such_key");
  CHECK(world.log.lines() == std::vector<std::string>{"company  no_such_key"});
}

TEST_CASE("of a run that brought one key and missed another each is recorded [I6]", "[I6]") {
  World world;
  const auto result = world.run({[](const Answer& /*none*/) -> Step {
    Step step = done_with("K", test::secret_of("value"), "1");
    std::get<vault::Done>(step).missed.push_back(
        {"L\x1f"
         "user",
         {vault::FetchFault::bad_answer, "malformed", 0}});
    return step;
  }});
  CHECK(result == "ok value");
  CHECK(world.log.lines() == std::vector<std::string>{"company K ok", "company L#user malformed"});
}

TEST_CASE("names that are listed are no fetches") {
  World world;
  CHECK(world.run({[](const Answer& /*none*/) -> Step {
    return done_with("K", vault::Secret(), "");
  }}) == "ok ");
  CHECK(world.log.lines().empty());
}

TEST_CASE("a run ends with its time while it waits for another side") {
  const LoopbackServer server(pki().server(kHost), {{"HTTP/1.1 200 OK\r\n", true}});
  World world;
  CHECK(world.run({call(server.url(kHost)), bring()}, 100'000) == "timed_out");
}

TEST_CASE("a run waits for as long as it says, and no longer than its time is") {
  World world;
  const auto wait = [](std::int64_t ms) {
    return [ms](const Answer& /*before*/) -> Step {
      return vault::Wait{ms};
    };
  };
  const std::int64_t begun_us = world.clock().steady_us();
  CHECK(world.run({wait(60), bring()}) == "ok granted");
  CHECK(world.clock().steady_us() - begun_us >= 50'000);
  CHECK(world.run({wait(60'000), bring()}, 50'000) == "timed_out");
}

TEST_CASE("what another side gave out is kept, however late it is [I13]", "[I13]") {
  std::binary_semaphore gate(0);
  World world;
  world.before_keeping = [&gate] {
    gate.acquire();
  };
  std::atomic<bool> is_past = false;
  world.begin(world.spec,
              {[](const Answer& /*none*/) -> Step {
                 return vault::KeepEntry{name("OWN"), test::secret_of("new"), "1"};
               },
               bring()},
              1'000);
  world.engine->at(world.clock().steady_us() + 50'000, [&] {
    is_past = true;
    gate.release();
  });
  CHECK(world.await() == "ok kept");
  CHECK(is_past);
}

TEST_CASE("G18 a source that does not answer does not hold up another") {
  const LoopbackServer slow(pki().server(kHost), {{"HTTP/1.1 200 OK\r\n", true}});
  const LoopbackServer quick(pki().server(kHost), {{http_answer("200 OK", "", "quick")}});
  World world;
  for (int i = 0; i < 40; ++i) {
    world.begin(world.spec, {call(slow.url(kHost)), bring()});
  }
  vault::SourceSpec other = world.spec;
  other.id = "other";
  world.begin(other, {call(quick.url(kHost)), bring()});
  CHECK(world.await() == "ok 200 quick");
}

TEST_CASE("one run at a time has an entry") {
  std::atomic<int> owners = 0;
  std::atomic<bool> was_shared = false;
  World world;
  for (int i = 0; i < 3; ++i) {
    world.begin(world.spec,
                {[](const Answer& /*none*/) -> Step { return vault::LockEntry{name("OWN")}; },
                 [&](const Answer& answer) -> Step {
                   CHECK(told(answer) == "granted");
                   was_shared = was_shared || ++owners != 1;
                   return vault::ReadFile{"/x"};
                 },
                 [&](const Answer& answer) -> Step {
                   --owners;
                   return bring()(Answer(vault::Noted{told(answer) == "/x"}));
                 }});
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(world.await() == "ok durable");
  }
  CHECK_FALSE(was_shared);
}

TEST_CASE("a program that was in no table at the start is not run") {
  World world;
  world.spec.argv = {"/bin/echo", "{key}"};
  CHECK(world.run({[](const Answer& /*none*/) -> Step { return vault::RunCommand{"K"}; },
                   [](const Answer& answer) -> Step {
                     return vault::Failed{vault::FetchFault::unavailable, told(answer), 0};
                   }}) == "a program that was added since the start is not run");
}

TEST_CASE("by no policy nothing is called [I13]", "[I13]") {
  World world;
  world.engine->apply(nullptr, nullptr);
  CHECK(world.run({bring()}) == "not_serving");
}

TEST_CASE("a task comes when it is due, in its order, and not before") {
  World world;
  std::vector<int> order;
  std::binary_semaphore last(0);
  const std::int64_t begin_us = world.clock().steady_us();
  std::int64_t end_us = 0;
  world.engine->at(begin_us + 30'000, [&] {
    order.push_back(2);
    end_us = world.clock().steady_us();
    last.release();
  });
  world.engine->at(begin_us + 10'000, [&] { order.push_back(1); });
  world.engine->at(begin_us - 10'000, [&] { order.push_back(0); });
  last.acquire();
  CHECK(order == std::vector{0, 1, 2});
  CHECK(end_us >= begin_us + 30'000);
}

TEST_CASE("once it has stopped nobody is told anything, and what was being kept is kept") {
  const LoopbackServer server(pki().server(kHost), {{"HTTP/1.1 200 OK\r\n", true}});
  std::vector<std::string> kept;
  // It is being kept when the end begins, and until that has dropped the run that calls.
  std::binary_semaphore has_begun(0);
  std::binary_semaphore is_dropped(0);
  {
    World world;
    world.before_keeping = [&] {
      has_begun.release();
      is_dropped.acquire();
    };
    const auto says_its_end = [&is_dropped](const void* /*none*/) {
      is_dropped.release();
    };
    std::shared_ptr<const void> dropped(&world, says_its_end);
    world.begin(
        world.spec,
        {call(server.url(kHost)), [held = std::move(dropped)](const Answer& /*none*/) -> Step {
           FAIL("it was dropped");
           return vault::Done{};
         }});
    world.begin(world.spec,
                {[](const Answer& /*none*/) -> Step {
                   return vault::KeepEntry{name("OWN"), test::secret_of("new"), "1"};
                 },
                 bring()});
    has_begun.acquire();
    world.engine->stop();
    kept = world.kept();
    world.engine->post([] { FAIL("nothing comes any more"); });
  }
  CHECK(kept == std::vector<std::string>{"OWN"});
}

// A run that sends what is good once, and keeps what comes for it.
void begin_spending(World& world, const LoopbackServer& server) {
  world.begin(world.spec,
              {[&server](const Answer& /*none*/) -> Step {
                 auto spending = test::call_to(server.url(kHost), "POST");
                 spending.is_spending = true;
                 return spending;
               },
               [](const Answer& answer) -> Step {
                 return vault::KeepEntry{name("OWN"), test::secret_of(told(answer)), "1"};
               },
               bring()});
}

TEST_CASE("an end waits for the answer to what was sent once for all, and keeps it [I13]",
          "[I13]") {
  std::binary_semaphore is_asked(0);
  std::binary_semaphore is_dropped(0);
  const LoopbackServer held(pki().server(kHost), {{"HTTP/1.1 200 OK\r\n", true}});
  const LoopbackServer late(pki().server(kHost),
                            {{.bytes = test::http_answer("200 OK", "", "new"), .before = [&] {
                                is_asked.release();
                                is_dropped.acquire();
                              }}});
  std::vector<std::string> kept;
  {
    World world;
    const auto says_its_end = [&is_dropped](const void* /*none*/) {
      is_dropped.release();
    };
    std::shared_ptr<const void> dropped(&world, says_its_end);
    world.begin(world.spec,
                {call(held.url(kHost)), [kept_alive = std::move(dropped)](const Answer&) -> Step {
                   FAIL("it was dropped");
                   return vault::Done{};
                 }});
    begin_spending(world, late);
    is_asked.acquire();
    world.engine->stop();
    kept = world.kept();
  }
  CHECK(kept == std::vector<std::string>{"OWN"});
}

TEST_CASE("an end does not wait for a disk that hangs behind such an answer, nor for ever") {
  std::binary_semaphore is_asked(0);
  std::binary_semaphore is_over(0);
  const LoopbackServer server(pki().server(kHost),
                              {{.bytes = test::http_answer("200 OK", "", "new"), .before = [&] {
                                  is_asked.release();
                                }}});
  World world;
  world.before_keeping = [&] {
    is_over.acquire();
  };
  begin_spending(world, server);
  is_asked.acquire();
  const std::int64_t begun_us = world.clock().steady_us();
  world.engine->stop();
  CHECK(world.clock().steady_us() - begun_us < bounds::kCallMs * 1'000);
  CHECK(world.kept().empty());
  is_over.release();
}

TEST_CASE("a file that hangs ends its run with the run's time, and what comes later is nothing") {
  std::binary_semaphore is_over{0};
  World world;
  world.before_reading = [&] {
    is_over.acquire();
  };
  CHECK(world.run({[](const Answer& /*none*/) -> Step { return vault::ReadFile{"/dead/file"}; },
                   [](const Answer& /*read*/) -> Step {
                     FAIL("it went on");
                     return vault::Done{};
                   }},
                  50'000) == "timed_out");
  is_over.release();
  CHECK(world.run({[](const Answer& /*none*/) -> Step { return vault::ReadEntry{name("OWN")}; },
                   bring()}) == "ok OWN");
}

}  // namespace
}  // namespace keyswap
