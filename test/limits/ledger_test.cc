// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/ledger.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/sqlite.h"
#include "proxy/limits/sqlite_store.h"
#include "test/limits/temp_folder.h"
#include "test/support/descriptors.h"
#include "test/support/fake_store.h"

namespace keyswap::limits {

using test::TempFolder;

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int64_t kNow = 20'000 * kDayUs + 3'600'000'000;
constexpr std::int64_t kUsd = 100'000'000;

std::unique_ptr<Ledger> opened(const TempFolder& folder) {
  auto ledger = Ledger::open(folder.file());
  REQUIRE(ledger);
  return std::move(ledger).value();
}

Claim order(std::int64_t usd, std::int64_t cap_usd, std::int64_t wall_us = kNow) {
  return {{{"volume K", usd * kUsd, cap_usd * kUsd}}, "", wall_us};
}

// What is answered; unavailable when it was not taken at all.
ClaimAnswer answer_to(Ledger& ledger, Claim claim) {
  std::promise<ClaimAnswer> promise;
  auto answer = promise.get_future();
  if (!ledger.reserve(std::move(claim),
                      [&](const ClaimAnswer& given) { promise.set_value(given); })) {
    return {};
  }
  return answer.get();
}

ClaimOutcome outcome_of(Ledger& ledger, Claim claim) {
  return answer_to(ledger, std::move(claim)).outcome;
}

// Holds a transaction on the file.
class LockedByAnother {
 public:
  explicit LockedByAnother(const std::string& file)
      : database_(std::move(base::Database::open(file, base::Database::Mode::read_write)).value()),
        transaction_(std::move(base::Transaction::begin(database_)).value()) {}

 private:
  base::Database database_;
  base::Transaction transaction_;
};

}  // namespace

TEST_CASE("F26: a cap of 1000: 600 passes, 600 more does not, after midnight it does") {
  const TempFolder folder;
  auto ledger = opened(folder);
  const auto first = answer_to(*ledger, order(600, 1000));
  CHECK(first.outcome == ClaimOutcome::granted);
  CHECK(first.day == 20'000);
  CHECK(first.resets_us == 20'001 * kDayUs);
  CHECK(outcome_of(*ledger, order(600, 1000)) == ClaimOutcome::refused);
  SECTION("to be refused costs nothing") {
    CHECK(outcome_of(*ledger, order(400, 1000)) == ClaimOutcome::granted);
    CHECK(outcome_of(*ledger, order(1, 1000)) == ClaimOutcome::refused);
  }
  SECTION("also in the last microsecond of the day") {
    CHECK(outcome_of(*ledger, order(600, 1000, 20'001 * kDayUs - 1)) == ClaimOutcome::refused);
    CHECK(outcome_of(*ledger, order(600, 1000, 20'001 * kDayUs)) == ClaimOutcome::granted);
  }
  SECTION("a clock that is set back gives nothing out again") {
    CHECK(outcome_of(*ledger, order(600, 1000, 20'001 * kDayUs)) == ClaimOutcome::granted);
    CHECK(outcome_of(*ledger, order(600, 1000, 20'000 * kDayUs)) == ClaimOutcome::refused);
    CHECK(outcome_of(*ledger, order(600, 1000, 19'000 * kDayUs)) == ClaimOutcome::refused);
  }
}

TEST_CASE("F26: what was used survives a restart") {
  const TempFolder folder;
  CHECK(outcome_of(*opened(folder), order(600, 1000)) == ClaimOutcome::granted);
  auto ledger = opened(folder);
  CHECK(outcome_of(*ledger, order(600, 1000)) == ClaimOutcome::refused);
  CHECK(outcome_of(*ledger, order(400, 1000)) == ClaimOutcome::granted);
}

TEST_CASE("F26: what was granted survives kill -9 in the middle of other writes") {
  const TempFolder folder;
  std::array<int, 2> told{};
  REQUIRE(::pipe(told.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto ledger = Ledger::open(folder.file());
    if (!ledger) {
      ::_exit(1);
    }
    for (int i = 0;; ++i) {
      static_cast<void>((*ledger)->reserve(
          {{{"volume K", 1, INT64_MAX}}, "", kNow}, [&](const ClaimAnswer& answer) {
            const char byte = answer.outcome == ClaimOutcome::granted ? 'g' : 'r';
            static_cast<void>(::write(told[1], &byte, 1));
          }));
    }
  }
  ::close(told[1]);
  std::int64_t granted = 0;
  char byte = 0;
  while (granted < 500 && ::read(told[0], &byte, 1) == 1) {
    REQUIRE(byte == 'g');
    ++granted;
  }
  REQUIRE(::kill(child, SIGKILL) == 0);
  while (::read(told[0], &byte, 1) == 1) {
    ++granted;
  }
  ::close(told[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));

  // Both read what a killed process left.
  const auto rows = read_usage(folder.file());
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().used >= granted);
  auto ledger = opened(folder);
  CHECK(outcome_of(*ledger, {{{"volume K", 1, granted}}, "", kNow}) == ClaimOutcome::refused);
}

TEST_CASE("F27: 20 orders of 100 at once against a cap of 500: exactly 5 pass") {
  constexpr int kThreads = 4;
  constexpr int kOrders = 5;
  const TempFolder folder;
  auto ledger = opened(folder);
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int number = 0; number < kOrders; ++number) {
        const bool is_taken = ledger->reserve(order(100, 500), [&](const ClaimAnswer& answer) {
          granted += answer.outcome == ClaimOutcome::granted ? 1 : 0;
        });
        granted += is_taken ? 0 : 1'000;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  ledger->close();
  CHECK(granted == 5);
  CHECK(read_usage(folder.file())->front().used == 500 * kUsd);
}

TEST_CASE("F28: what is given back is free again, on the day that it was taken from") {
  const TempFolder folder;
  auto ledger = opened(folder);
  const auto taken = answer_to(*ledger, order(600, 1000));
  REQUIRE(outcome_of(*ledger, order(600, 1000)) == ClaimOutcome::refused);
  SECTION("the same day") {
    ledger->release("volume K", taken.day, 600 * kUsd);
    CHECK(outcome_of(*ledger, order(1000, 1000)) == ClaimOutcome::granted);
    CHECK(outcome_of(*ledger, order(1, 1000)) == ClaimOutcome::refused);
  }
  SECTION("after midnight it does not add to the new day's room") {
    REQUIRE(outcome_of(*ledger, order(600, 1000, kNow + kDayUs)) == ClaimOutcome::granted);
    ledger->release("volume K", taken.day, 600 * kUsd);
    CHECK(outcome_of(*ledger, order(401, 1000, kNow + kDayUs)) == ClaimOutcome::refused);
  }
  SECTION("twice is not more than all of it") {
    ledger->release("volume K", taken.day, 600 * kUsd);
    ledger->release("volume K", taken.day, 600 * kUsd);
    ledger->release("volume K", taken.day, -600 * kUsd);
    CHECK(outcome_of(*ledger, order(1001, 1000)) == ClaimOutcome::refused);
    CHECK(outcome_of(*ledger, order(1000, 1000)) == ClaimOutcome::granted);
  }
}

TEST_CASE("a claim on two accounts takes from both or from none") {
  const TempFolder folder;
  auto ledger = opened(folder);
  const auto claim = [](std::int64_t usd) {
    return Claim{{{"quota K", 1, 2}, {"volume K", usd * kUsd, 1000 * kUsd}}, "", kNow};
  };
  CHECK(outcome_of(*ledger, claim(900)) == ClaimOutcome::granted);
  const auto too_much = answer_to(*ledger, claim(900));
  CHECK(too_much.outcome == ClaimOutcome::refused);
  CHECK(too_much.refused == 1);
  CHECK(outcome_of(*ledger, claim(100)) == ClaimOutcome::granted);
  const auto too_many = answer_to(*ledger, claim(0));
  CHECK(too_many.outcome == ClaimOutcome::refused);
  CHECK(too_many.refused == 0);
}

TEST_CASE("nonces rise across threads and restarts") {
  const TempFolder folder;
  std::mutex mutex;
  std::vector<std::uint64_t> nonces;
  for (int restart = 0; restart < 2; ++restart) {
    auto ledger = opened(folder);
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        for (int number = 0; number < 50; ++number) {
          const bool is_taken =
              ledger->reserve({{}, "nonce K", kNow + i}, [&](const ClaimAnswer& answer) {
                const std::lock_guard<std::mutex> guard(mutex);
                nonces.push_back(answer.nonce);
              });
          static_cast<void>(is_taken);
        }
      });
    }
    for (auto& thread : threads) {
      thread.join();
    }
  }
  REQUIRE(nonces.size() == 400);
  for (std::size_t i = 1; i < nonces.size(); ++i) {
    REQUIRE(nonces[i] > nonces[i - 1]);
  }
}

TEST_CASE("a file that fails refuses every claim, and the ledger stays dead", "[I13]") {
  const TempFolder folder;
  auto ledger = opened(folder);
  REQUIRE(outcome_of(*ledger, order(1, 1000)) == ClaimOutcome::granted);
  SECTION("moved away") {
    std::filesystem::rename(folder.file(), folder.file("elsewhere"));
    CHECK(outcome_of(*ledger, order(1, 1000)) == ClaimOutcome::unavailable);
    std::filesystem::rename(folder.file("elsewhere"), folder.file());
  }
  SECTION("changed by somebody else") {
    REQUIRE(base::Database::open(folder.file(), base::Database::Mode::read_write)
                ->execute("DROP TABLE counters"));
    CHECK(outcome_of(*ledger, order(1, 1000)) == ClaimOutcome::unavailable);
  }
  CHECK(outcome_of(*ledger, order(1, 1000)) == ClaimOutcome::unavailable);
  CHECK(ledger->is_dead());
  ledger->release("volume K", 20'000, kUsd);
}

TEST_CASE("claims are decided and durable while all descriptors are used up", "[I10]") {
  const TempFolder folder;
  auto ledger = opened(folder);
  {
    const keyswap::test::DescriptorsUsedUp flood;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(outcome_of(*ledger, order(100, 1000)) ==
              (i < 10 ? ClaimOutcome::granted : ClaimOutcome::refused));
    }
  }
  CHECK_FALSE(ledger->is_dead());
  CHECK(read_usage(folder.file())->front().used == 1000 * kUsd);
}

TEST_CASE("what passes refuses claims for as long as it lasts, and not for good", "[I13]") {
  const TempFolder folder;
  auto ledger = opened(folder);
  const auto fails_and_recovers = [&](auto hinder) {
    {
      const auto hindrance = hinder();
      REQUIRE(outcome_of(*ledger, order(100, 1000)) == ClaimOutcome::unavailable);
      REQUIRE(outcome_of(*ledger, order(100, 1000)) == ClaimOutcome::unavailable);
      REQUIRE_FALSE(ledger->is_dead());
    }
    REQUIRE(outcome_of(*ledger, order(900, 1000)) == ClaimOutcome::granted);
    REQUIRE(outcome_of(*ledger, order(101, 1000)) == ClaimOutcome::refused);
  };
  SECTION("no descriptor") {
    fails_and_recovers([] { return std::make_unique<keyswap::test::NoDescriptorsAllowed>(); });
  }
  SECTION("another process's lock") {
    fails_and_recovers([&] { return std::make_unique<LockedByAnother>(folder.file()); });
  }
}

TEST_CASE("closing answers what waits; later claims are not taken") {
  const TempFolder folder;
  auto ledger = opened(folder);
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(ledger->reserve(order(1, 1000), [&](const ClaimAnswer& answer) {
      answered += answer.outcome == ClaimOutcome::granted ? 1 : 0;
      ledger->release("volume K", answer.day, kUsd);  // as a callback may
    }));
  }
  ledger->close();
  CHECK(answered == 100);
  CHECK_FALSE(ledger->reserve(order(1, 1000), [](const ClaimAnswer&) {}));
  CHECK(read_usage(folder.file())->front().used == 0);
}

TEST_CASE("whichever step of the store fails, nothing was granted and nothing counts", "[I13]") {
  const std::string account = "volume K";
  for (int fails_at = 1; fails_at <= 3; ++fails_at) {
    for (const auto why : {base::Errc::io, base::Errc::no_space}) {
      CAPTURE(fails_at);
      const auto kept = std::make_shared<keyswap::test::FakeStore::Kept>();
      auto ledger = Ledger::open(std::make_unique<keyswap::test::FakeStore>(kept, fails_at, why));
      REQUIRE(ledger);
      CHECK(outcome_of(**ledger, order(600, 1000)) == ClaimOutcome::unavailable);
      CHECK(kept->used.empty());
      // What passes by itself has passed; after anything else nobody is answered any more.
      const bool is_dead = why == base::Errc::io;
      CHECK((*ledger)->is_dead() == is_dead);
      const auto next = answer_to(**ledger, order(600, 1000));
      CHECK(next.outcome == (is_dead ? ClaimOutcome::unavailable : ClaimOutcome::granted));
      (*ledger)->release(account, next.day, 100 * kUsd);
      (*ledger)->close();
      CHECK(kept->used[{account, next.day}] == (is_dead ? 0 : 500 * kUsd));
    }
  }
}

}  // namespace keyswap::limits
