// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/run_drive.h"

#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "test/outgoing/engine_world.h"
#include "vault/sources/each_key_run.h"

namespace keyswap {
namespace {

using outgoing::sample::bring;
using outgoing::sample::call;
using outgoing::sample::done_with;
using outgoing::sample::kHost;
using outgoing::sample::name;
using outgoing::sample::told;
using outgoing::sample::World;
using test::http_answer;
using test::LoopbackServer;
using test::pki;
using vault::Answer;
using vault::Step;

// Keys that are asked for one by one, each by a call.
class KeysRun final : public vault::EachKeyRun {
 public:
  KeysRun(const std::vector<std::string>& keys, std::string url)
      : EachKeyRun(keys), url_(std::move(url)) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return ask(); }

  [[nodiscard]] Step on(Answer answer, std::int64_t /*now_us*/) override {
    return brought(test::secret_of(told(answer)), "1");
  }

 private:
  Step ask() override { return test::call_to(url_); }

  std::string url_;
};

// It was wanted when it began, and is not any more.
class UnwantedRun final : public vault::Run {
 public:
  explicit UnwantedRun(std::string url) : url_(std::move(url)) {}

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return test::call_to(url_); }

  [[nodiscard]] Step on(Answer /*answer*/, std::int64_t /*now_us*/) override {
    return vault::Failed{vault::FetchFault::unavailable, "it called", 0};
  }

  [[nodiscard]] bool is_wanted() const override { return false; }

 private:
  std::string url_;
};

// Each waits in its call until it is let go.
LoopbackServer::Answer held_by(std::counting_semaphore<>& gate) {
  return {.bytes = http_answer("200 OK", "", "held"), .before = [&gate] {
            gate.acquire();
          }};
}

// No address of ours: it is answered at once, without a connection.
constexpr const char* kForbiddenUrl = "https://10.0.0.1/";

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

TEST_CASE("M09 a call that may take less than others ends then, and its run goes on") {
  const LoopbackServer slow(pki().server(kHost), {{"HTTP/1.1 200 OK\r\n", true}});
  World world;
  CHECK(world.run({[url = slow.url(kHost)](const Answer& /*none*/) -> Step {
                     vault::Call call = test::call_to(url);
                     call.ms_max = 300;
                     return call;
                   },
                   [](const Answer& answer) -> Step {
                     const auto* const error = std::get_if<base::Error>(&answer);
                     const bool is_late = error != nullptr && error->code == base::Errc::timed_out;
                     return vault::Failed{vault::FetchFault::unavailable,
                                          is_late ? "the call was late" : "it was not",
                                          0};
                   }}) == "the call was late");
}

TEST_CASE("a run whose turn to call comes late has its own time yet") {
  constexpr std::int64_t kHeldUs = 1'500'000;
  const LoopbackServer slow(pki().server(kHost), {{"HTTP/1.1 200 OK\r\n", true}});
  World world;
  world.begin(world.spec, {call(slow.url(kHost)), bring()}, kHeldUs);
  world.begin(world.spec, {call(slow.url(kHost)), bring()}, kHeldUs);
  world.begin(world.spec, {call(kForbiddenUrl), bring()}, kHeldUs / 2);
  CHECK(world.await() == "timed_out");
  CHECK(world.await() == "timed_out");
  CHECK(world.await().starts_with("ok "));
}

TEST_CASE("a run whose turn to call never comes ends, and those that have theirs go on") {
  std::counting_semaphore<> gate(0);
  const LoopbackServer slow(pki().server(kHost), {held_by(gate)});
  World world(50);
  world.begin(world.spec, {call(slow.url(kHost)), bring("K")});
  world.begin(world.spec, {call(slow.url(kHost)), bring("L")});
  world.begin(world.spec, {call(slow.url(kHost)), bring("M")});
  CHECK(world.await() == "ours: no_turn");
  gate.release(2);
  CHECK(world.await() == "ok 200 held");
  CHECK(world.await() == "ok 200 held");
  CHECK(slow.connections() == 2);
  CHECK(world.log.lines().front() == "company  no_turn");
}

TEST_CASE("a run that is not wanted any more when its turn comes does not call") {
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "one")}});
  World world;
  world.begin_run(world.spec, std::make_unique<UnwantedRun>(server.url(kHost)));
  CHECK(world.await() == "ours: no_turn");
  CHECK(world.run({call(server.url(kHost)), bring()}) == "ok 200 one");
  CHECK(server.connections() == 1);
}

TEST_CASE("a run that is late gives what it has, recorded, and says that the rest was late [I6]",
          "[I6]") {
  const LoopbackServer server(pki().server(kHost),
                              {{http_answer("200 OK", "", "one")}, {"HTTP/1.1 200 OK\r\n", true}});
  World world;
  world.begin_run(
      world.spec,
      std::make_unique<KeysRun>(std::vector<std::string>{"K", "L", "M"}, server.url(kHost)),
      1'000'000);
  CHECK(world.await() == "ok 200 one");
  CHECK(world.log.lines() ==
        std::vector<std::string>{"company K ok", "company L timed_out", "company M timed_out"});
}

TEST_CASE("a run whose next turn to call does not come gives what it has") {
  std::counting_semaphore<> gate(0);
  const LoopbackServer server(pki().server(kHost), {{http_answer("200 OK", "", "one")}});
  const LoopbackServer slow(pki().server(kHost), {held_by(gate)});
  World world(1'000);
  world.begin_run(world.spec,
                  std::make_unique<KeysRun>(std::vector<std::string>{"K", "L"}, server.url(kHost)));
  // The one of these waits until the first call of the keys is over, and then has its place.
  world.begin(world.spec, {call(slow.url(kHost)), bring()});
  world.begin(world.spec, {call(slow.url(kHost)), bring()});
  CHECK(world.await() == "ok 200 one");
  CHECK(world.log.lines() == std::vector<std::string>{"company K ok", "company L no_turn"});
  gate.release(2);
  CHECK(world.await() == "ok 200 held");
  CHECK(world.await() == "ok 200 held");
}

}  // namespace
}  // namespace keyswap
