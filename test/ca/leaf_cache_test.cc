// SPDX-License-Identifier: Apache-2.0
#include "ca/leaf_cache.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/base/bounds.h"
#include "test/ca/fixture.h"

namespace keyswap {
namespace {

using base::Errc;
using base::bounds::kLeafBackdateSeconds;
using base::bounds::kLeafCacheMax;
using base::bounds::kLeafLifeSeconds;
using base::bounds::kLeafRenewAheadSeconds;
using base::bounds::kMintQueueMax;
using LeafPointer = std::shared_ptr<const ca::Leaf>;
using LeafResult = base::Result<LeafPointer>;

// A cache whose minting waits until the test lets it run.
struct Bench {
  test::OpenedAuthority root = test::open_new_authority();
  test::StandingClock clock{test::now_s()};
  std::vector<ca::LeafCache::Task> tasks;
  ca::LeafCache cache{
      root.authority, test::new_leaf_key(), clock, [this](ca::LeafCache::Task task) {
        tasks.push_back(std::move(task));
      }};
  std::vector<LeafResult> answers;

  void request(const std::string& host, bool is_ip = false) {
    cache.request(host, is_ip, [this](LeafResult answer) { answers.push_back(std::move(answer)); });
  }

  void run_tasks() {
    auto due = std::move(tasks);
    tasks.clear();
    for (auto& task : due) {
      task();
    }
  }

  LeafPointer fill(const std::string& host, bool is_ip = false) {
    request(host, is_ip);
    run_tasks();
    REQUIRE(!answers.empty());
    REQUIRE(answers.back());
    return *answers.back();
  }
};

TEST_CASE("a host that was not asked for has no leaf, and finding does not mint") {
  Bench bench;
  CHECK(bench.cache.find("a.test") == nullptr);
  CHECK(bench.tasks.empty());
}

TEST_CASE("a minted leaf is found again, and given at once to those who request it") {
  Bench bench;
  const auto leaf = bench.fill("a.test");
  CHECK(bench.cache.find("a.test") == leaf);
  bench.request("a.test");
  CHECK(bench.tasks.empty());
  REQUIRE(bench.answers.size() == 2);
  CHECK(*bench.answers[1] == leaf);
  CHECK(bench.cache.find("b.test") == nullptr);
}

TEST_CASE("TC-07 two hundred simultaneous requests of a host share one mint", "[I11]") {
  Bench bench;
  for (int i = 0; i < 200; ++i) {
    bench.request("a.test");
  }
  CHECK(bench.tasks.size() == 1);
  bench.run_tasks();
  REQUIRE(bench.answers.size() == 200);
  for (const auto& answer : bench.answers) {
    REQUIRE(answer);
    CHECK(*answer == *bench.answers.front());
  }
}

TEST_CASE("TC-07 requests from many threads mint once and are all served", "[I11]") {
  const auto root = test::open_new_authority();
  const base::SystemClock clock;
  std::atomic<int> mints = 0;
  std::atomic<int> served = 0;
  std::mutex workers_mutex;
  std::vector<std::thread> workers;
  ca::LeafCache cache(root.authority, test::new_leaf_key(), clock, [&](ca::LeafCache::Task task) {
    ++mints;
    const std::lock_guard lock(workers_mutex);
    workers.emplace_back(std::move(task));
  });
  std::vector<std::thread> callers;
  callers.reserve(20);
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        cache.request("a.test", false, [&](const LeafResult& answer) { served += answer ? 1 : 0; });
      }
    });
  }
  for (auto& caller : callers) {
    caller.join();
  }
  for (auto& worker : workers) {
    worker.join();
  }
  CHECK(mints == 1);
  CHECK(served == 200);
}

TEST_CASE("minting may run within the request itself") {
  const auto root = test::open_new_authority();
  const base::SystemClock clock;
  ca::LeafCache cache(
      root.authority, test::new_leaf_key(), clock, [](const ca::LeafCache::Task& task) { task(); });
  bool is_served = false;
  cache.request("a.test", false, [&](const LeafResult& answer) { is_served = answer.has_value(); });
  CHECK(is_served);
}

TEST_CASE("a leaf is renewed a day ahead while the old one goes on serving", "[I11]") {
  Bench bench;
  const auto old = bench.fill("a.test");
  bench.clock.advance_s(kLeafLifeSeconds - kLeafBackdateSeconds - kLeafRenewAheadSeconds - 60);
  CHECK(bench.cache.find("a.test") == old);
  CHECK(bench.tasks.empty());
  bench.clock.advance_s(120);
  CHECK(bench.cache.find("a.test") == old);
  CHECK(bench.cache.find("a.test") == old);
  CHECK(bench.tasks.size() == 1);  // once, however often it is found meanwhile
  bench.run_tasks();
  const auto renewed = bench.cache.find("a.test");
  REQUIRE(renewed != nullptr);
  CHECK(renewed != old);
  CHECK(renewed->not_after_s > old->not_after_s);
}

TEST_CASE("the renewed leaf of an address is one for the address") {
  Bench bench;
  bench.fill("192.0.2.7", true);
  bench.clock.advance_s(kLeafLifeSeconds - kLeafBackdateSeconds - kLeafRenewAheadSeconds);
  CHECK(bench.cache.find("192.0.2.7") != nullptr);
  bench.run_tasks();
  const auto renewed = bench.cache.find("192.0.2.7");
  REQUIRE(renewed != nullptr);
  CHECK(X509_check_ip_asc(renewed->certificate, "192.0.2.7", 0) == 1);
}

TEST_CASE("an expired leaf is not given out") {
  Bench bench;
  bench.fill("a.test");
  bench.clock.advance_s(kLeafLifeSeconds);
  CHECK(bench.cache.find("a.test") == nullptr);
}

TEST_CASE("a leaf that is not valid yet, because the clock was set back, is not given out") {
  Bench bench;
  bench.fill("a.test");
  bench.clock.advance_s(-kLeafBackdateSeconds - 1);
  CHECK(bench.cache.find("a.test") == nullptr);
}

TEST_CASE("a clock that was set back before the root began gets its reason, and no leaf [I13]",
          "[I13]") {
  Bench bench;
  bench.fill("a.test");
  bench.clock.advance_s(-10 * kLeafLifeSeconds);
  CHECK(bench.cache.find("a.test") == nullptr);
  std::optional<base::Errc> reason;
  bench.cache.request("a.test", false, [&](const LeafResult& answer) {
    REQUIRE_FALSE(answer);
    reason = answer.error().code;
  });
  bench.run_tasks();
  CHECK(reason == base::Errc::not_yet_valid);
}

TEST_CASE("the cache is bounded and the least recently used leaf goes first", "[I10]") {
  Bench bench;
  const auto name = [](std::size_t i) {
    return std::to_string(i) + ".h.test";
  };
  for (std::size_t i = 0; i < kLeafCacheMax; ++i) {
    bench.fill(name(i));
  }
  REQUIRE(bench.cache.find(name(0)) != nullptr);  // now the most recently used
  bench.fill("one-more.test");
  CHECK(bench.cache.find(name(0)) != nullptr);
  CHECK(bench.cache.find(name(1)) == nullptr);
  CHECK(bench.cache.find("one-more.test") != nullptr);
}

TEST_CASE("past the bound of hosts being minted a request is refused at once", "[I10]") {
  Bench bench;
  for (std::size_t i = 0; i < kMintQueueMax; ++i) {
    bench.request(std::to_string(i) + ".h.test");
  }
  CHECK(bench.answers.empty());
  bench.request("one-more.test");
  REQUIRE(bench.answers.size() == 1);
  REQUIRE(!bench.answers[0]);
  CHECK(bench.answers[0].error().code == Errc::limit_exceeded);
  bench.request("0.h.test");  // a host that is being minted may be waited for
  CHECK(bench.answers.size() == 1);
  bench.run_tasks();
  CHECK(bench.answers.size() == kMintQueueMax + 2);
  bench.fill("one-more.test");
}

TEST_CASE("a cache that is given less room keeps and makes no more", "[I10]") {
  const test::OpenedAuthority root = test::open_new_authority();
  const test::StandingClock clock{test::now_s()};
  std::vector<ca::LeafCache::Task> tasks;
  ca::LeafCache cache(
      root.authority,
      test::new_leaf_key(),
      clock,
      [&tasks](ca::LeafCache::Task task) { tasks.push_back(std::move(task)); },
      ca::LeafRoom{.leaves = 2, .mints = 1});
  std::size_t refused = 0;
  for (const std::string host : {"a.test", "b.test", "c.test"}) {
    cache.request(host, false, [](const LeafResult& answer) { CHECK(answer); });
    cache.request("too-many.test", false, [&refused](const LeafResult& answer) {
      refused += answer ? 0 : 1;
    });
    for (auto& task : std::exchange(tasks, {})) {
      task();
    }
  }
  CHECK(refused == 3);
  CHECK(cache.find("a.test") == nullptr);
  CHECK(cache.find("b.test") != nullptr);
  CHECK(cache.find("c.test") != nullptr);
}

TEST_CASE("a host that cannot be named gives its error to all who wait, and is not kept") {
  Bench bench;
  bench.request("*.test");
  bench.request("*.test");
  bench.run_tasks();
  REQUIRE(bench.answers.size() == 2);
  CHECK(bench.answers[0].error().code == Errc::invalid_input);
  CHECK(bench.answers[1].error().code == Errc::invalid_input);
  CHECK(bench.cache.find("*.test") == nullptr);
}

TEST_CASE("a cache counts what was looked for and what was made") {
  Bench bench;
  CHECK(bench.cache.find("a.test") == nullptr);
  bench.fill("a.test");
  bench.fill("b.test");
  CHECK(bench.cache.find("a.test") != nullptr);
  bench.request("*.test");
  bench.run_tasks();
  const ca::LeafCache::Figures figures = bench.cache.figures();
  CHECK(figures.kept == 2);
  CHECK(figures.found == 1);
  CHECK(figures.missed == 1);
  CHECK(figures.made == 2);
  CHECK(figures.failed == 1);
}

bool is_signed_by(const ca::Leaf& leaf, const ca::Authority& root) {
  return X509_verify(leaf.certificate, root.key()) == 1;
}

TEST_CASE(
    "TC-11 after a rotation leaves come from the new root, and old ones live on where they are",
    "[I11]") {
  Bench bench;
  const auto old = bench.fill("a.test");
  const auto next = test::open_new_authority();
  bench.cache.replace_authority(next.authority);
  CHECK(bench.cache.find("a.test") == nullptr);
  CHECK(is_signed_by(*old, *bench.root.authority));
  CHECK(is_signed_by(*bench.fill("a.test"), *next.authority));
}

// A clock that does something while it is read: here, in the middle of a mint.
class MeddlingClock final : public base::Clock {
 public:
  [[nodiscard]] std::int64_t wall_us() const override {
    if (auto act = std::exchange(meddle, nullptr)) {
      act();
    }
    return test::now_s() * 1'000'000;
  }

  [[nodiscard]] std::int64_t steady_us() const override { return 0; }

  mutable std::function<void()> meddle;
};

TEST_CASE("TC-11 a mint that was under way at a rotation is made again by the new root [I11]",
          "[I11]") {
  const auto root = test::open_new_authority();
  const auto next = test::open_new_authority();
  const MeddlingClock clock;
  ca::LeafCache::Task task;
  ca::LeafCache cache(root.authority, test::new_leaf_key(), clock, [&](ca::LeafCache::Task due) {
    task = std::move(due);
  });
  LeafPointer got;
  cache.request("a.test", false, [&](const LeafResult& answer) { got = *answer; });
  clock.meddle = [&] {
    cache.replace_authority(next.authority);
  };
  task();
  REQUIRE(got != nullptr);
  CHECK(is_signed_by(*got, *next.authority));
  CHECK(cache.find("a.test") == got);
}

TEST_CASE("a task that outlives its cache does no harm") {
  const auto root = test::open_new_authority();
  const base::SystemClock clock;
  ca::LeafCache::Task task;
  bool is_served = false;
  {
    ca::LeafCache cache(root.authority, test::new_leaf_key(), clock, [&](ca::LeafCache::Task due) {
      task = std::move(due);
    });
    cache.request("a.test", false, [&](const LeafResult&) { is_served = true; });
  }
  task();
  CHECK(is_served);
}

}  // namespace
}  // namespace keyswap
