// SPDX-License-Identifier: Apache-2.0
#include "proxy/outgoing/engine.h"

#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/outgoing/engine_world.h"

namespace keyswap {
namespace {

namespace bounds = base::bounds;
using outgoing::sample::bring;
using outgoing::sample::call;
using outgoing::sample::kHost;
using outgoing::sample::name;
using outgoing::sample::told;
using outgoing::sample::World;
using test::http_answer;
using test::LoopbackServer;
using test::pki;
using vault::Answer;
using vault::Step;

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

}  // namespace
}  // namespace keyswap
