// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/limiter.h"

#include <atomic>
#include <cstdio>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "proxy/limits/sqlite_store.h"
#include "test/limits/temp_folder.h"

namespace keyswap::limits {

using test::TempFolder;

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDayUs = 86'400 * kSecond;
constexpr std::int64_t kWall = 20'000 * kDayUs + 3'600 * kSecond;
constexpr std::int64_t kUsd = 100'000'000;

// A limit of the secret NAME: so many in ten seconds, and a day. 0: none.
ScopeLimits limits_of(const std::string& name, std::int64_t rate, std::int64_t quota = 0) {
  ScopeLimits limits;
  limits.rate_key = name;
  limits.quota_account = "quota " + name;
  limits.volume_accounts = {"volume " + name};
  limits.nonce_account = "nonce " + name;
  if (rate > 0) {
    limits.rate = Rate::of(rate, 10'000);
  }
  if (quota > 0) {
    limits.quota_per_day = quota;
  }
  return limits;
}

class Fixture {
 public:
  Fixture() {
    auto opened = Limiter::open(folder_.file());
    REQUIRE(opened);
    limiter_ = std::move(opened).value();
  }

  void load(std::vector<RuleLimits> rules) {
    table_ = limiter_->table_for(std::move(rules), now_.steady_us);
  }

  ChargeAnswer charge(const ChargeRequest& request) {
    std::promise<ChargeAnswer> promise;
    auto later = promise.get_future();
    auto answer = limiter_->charge(
        table_, request, now_, [&](ChargeAnswer given) { promise.set_value(std::move(given)); });
    answered_at_once_ = answer.has_value();
    return answer ? std::move(*answer) : later.get();
  }

  ChargeOutcome outcome(std::uint32_t rule, std::string_view caller = "") {
    ChargeRequest request;
    request.rule = rule;
    request.caller = caller;
    return charge(request).outcome;
  }

  ChargeAnswer order(std::int64_t usd, std::int64_t cap_usd) {
    ChargeRequest request;
    request.volume_e8 = usd * kUsd;
    request.volume_max_e8 = cap_usd * kUsd;
    return charge(request);
  }

  [[nodiscard]] std::int64_t used(const std::string& account) const {
    const auto rows = read_usage(folder_.file());
    REQUIRE(rows);
    std::int64_t sum = 0;
    for (const auto& row : *rows) {
      sum += row.account == account ? row.used : 0;
    }
    return sum;
  }

  Limiter& limiter() { return *limiter_; }

  // What was kept is what another process finds.
  void reopen() {
    table_.reset();
    limiter_.reset();
    auto opened = Limiter::open(folder_.file());
    REQUIRE(opened);
    limiter_ = std::move(opened).value();
  }

  [[nodiscard]] const std::shared_ptr<const LimitTable>& table() const { return table_; }

  [[nodiscard]] const TempFolder& folder() const { return folder_; }

  ChargeTime now_{1'000 * kSecond, kWall};
  bool answered_at_once_ = false;

 private:
  TempFolder folder_;
  std::unique_ptr<Limiter> limiter_;
  std::shared_ptr<const LimitTable> table_;
};

constexpr auto kGranted = ChargeOutcome::granted;
constexpr auto kRateLimited = ChargeOutcome::rate_limited;

}  // namespace

TEST_CASE("F34: past the rate a call is refused with the time to wait, at once") {
  Fixture fixture;
  fixture.load({{limits_of("A", 2)}});
  CHECK(fixture.outcome(0) == kGranted);
  CHECK(fixture.answered_at_once_);
  CHECK(fixture.outcome(0) == kGranted);
  const auto answer = fixture.charge({});
  CHECK(fixture.answered_at_once_);
  CHECK(answer.outcome == kRateLimited);
  CHECK(answer.retry_after_ms == 5'000);
  fixture.now_.steady_us += 5 * kSecond;
  CHECK(fixture.outcome(0) == kGranted);
  CHECK(fixture.outcome(0) == kRateLimited);
}

TEST_CASE("F35: without limits every call passes at once") {
  Fixture fixture;
  fixture.load({{limits_of("A", 0)}});
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(fixture.outcome(0) == kGranted);
    REQUIRE(fixture.answered_at_once_);
  }
}

TEST_CASE("a volume that is counted at several accounts fits only where it fits at each") {
  Fixture fixture;
  ScopeLimits both = limits_of("A", 0);
  both.volume_accounts = {"futures", "spot"};
  ScopeLimits spot = limits_of("B", 0);
  spot.volume_accounts = {"spot"};
  fixture.load({{both}, {spot}});
  ChargeRequest request;
  request.volume_e8 = 600 * kUsd;
  request.volume_max_e8 = 1000 * kUsd;
  const auto charged = fixture.charge(request);
  REQUIRE(charged.outcome == kGranted);
  CHECK(fixture.used("spot") == 600 * kUsd);
  CHECK(fixture.used("futures") == 600 * kUsd);
  request.rule = 1;
  CHECK(fixture.charge(request).outcome == ChargeOutcome::volume_exceeded);
  fixture.limiter().release(charged.ticket, GiveBack::volume);
  CHECK(fixture.charge(request).outcome == kGranted);
  CHECK(fixture.used("spot") == 600 * kUsd);
  CHECK(fixture.used("futures") == 0);
}

TEST_CASE(
    "F26: what an earlier version counted of the day is counted on, before anything is granted") {
  Fixture fixture;
  ScopeLimits rest = limits_of("REST", 0);
  ScopeLimits messages = limits_of("MESSAGES", 0);
  fixture.load({{rest}, {messages}});
  REQUIRE(fixture.order(600, 1000).outcome == kGranted);
  for (ScopeLimits* limits : {&rest, &messages}) {
    limits->old_volume_account = limits->volume_accounts.front();
    limits->volume_accounts = {"traded KEY"};
  }
  fixture.load({{rest}, {messages}});
  CHECK(fixture.order(401, 1000).outcome == ChargeOutcome::volume_exceeded);
  fixture.load({{rest}, {messages}});
  CHECK(fixture.order(400, 1000).outcome == kGranted);
  CHECK(fixture.used("traded KEY") == 1000 * kUsd);
}

TEST_CASE("F36: what one secret used does not affect another, nor one caller another") {
  Fixture fixture;
  fixture.load({{limits_of("A", 1)}, {limits_of("B", 1)}});
  CHECK(fixture.outcome(0) == kGranted);
  CHECK(fixture.outcome(0) == kRateLimited);
  CHECK(fixture.outcome(1) == kGranted);
  CHECK(fixture.outcome(0, "anna") == kGranted);
  CHECK(fixture.outcome(0, "anna") == kRateLimited);
  CHECK(fixture.outcome(0, "bert") == kGranted);
}

TEST_CASE("scopes of one entry share its limit") {
  Fixture fixture;
  fixture.load({{limits_of("A", 1), limits_of("A", 1)}});
  CHECK(fixture.charge({0, 0, "", 0, 0, false}).outcome == kGranted);
  CHECK(fixture.charge({0, 1, "", 0, 0, false}).outcome == kRateLimited);
}

TEST_CASE("a rule or scope that the table does not have is refused") {
  Fixture fixture;
  fixture.load({{limits_of("A", 0)}, {}});
  CHECK(fixture.charge({0, 1, "", 0, 0, false}).outcome == ChargeOutcome::unavailable);
  CHECK(fixture.charge({1, 0, "", 0, 0, false}).outcome == ChargeOutcome::unavailable);
  CHECK(fixture.charge({2, 0, "", 0, 0, false}).outcome == ChargeOutcome::unavailable);
  CHECK(fixture.charge({UINT32_MAX, UINT32_MAX, "", 0, 0, false}).outcome ==
        ChargeOutcome::unavailable);
  CHECK(fixture.charge({0, 0, "", -1, 100, false}).outcome == ChargeOutcome::unavailable);
}

TEST_CASE("a reload keeps what was used, also of a limit that changed") {
  Fixture fixture;
  fixture.load({{limits_of("A", 2)}});
  CHECK(fixture.outcome(0) == kGranted);
  CHECK(fixture.outcome(0) == kGranted);
  SECTION("the same, at another place") {
    fixture.load({{limits_of("NEW", 1)}, {limits_of("A", 2)}});
    CHECK(fixture.outcome(0) == kGranted);
    CHECK(fixture.outcome(1) == kRateLimited);
  }
  SECTION("raised: the new rate, and no fresh burst") {
    fixture.load({{limits_of("A", 100)}});
    CHECK(fixture.outcome(0) == kRateLimited);
    fixture.now_.steady_us += kSecond;
    for (int i = 0; i < 10; ++i) {
      CHECK(fixture.outcome(0) == kGranted);
    }
    CHECK(fixture.outcome(0) == kRateLimited);
  }
  SECTION("gone, and back while it was not full again") {
    fixture.load({{limits_of("A", 0)}});
    CHECK(fixture.outcome(0) == kGranted);
    fixture.load({{limits_of("A", 2)}});
    CHECK(fixture.outcome(0) == kRateLimited);
  }
  SECTION("a request of the old policy counts too") {
    const auto old = fixture.table();
    fixture.now_.steady_us += 5 * kSecond;
    fixture.load({{limits_of("A", 2)}});
    CHECK(fixture.limiter().charge(old, {}, fixture.now_, nullptr)->outcome == kGranted);
    CHECK(fixture.outcome(0) == kRateLimited);
  }
}

TEST_CASE("a quota counts until the day ends, and says when that is") {
  Fixture fixture;
  fixture.load({{limits_of("A", 0, 2)}});
  CHECK(fixture.outcome(0) == kGranted);
  CHECK_FALSE(fixture.answered_at_once_);
  CHECK(fixture.outcome(0) == kGranted);
  const auto answer = fixture.charge({});
  CHECK(answer.outcome == ChargeOutcome::quota_exceeded);
  CHECK(answer.retry_after_ms == 23 * 3'600 * 1'000);
  fixture.load({{limits_of("A", 0, 3)}});
  CHECK(fixture.outcome(0) == kGranted);
  CHECK(fixture.outcome(0) == ChargeOutcome::quota_exceeded);
  fixture.now_.wall_us += kDayUs;
  CHECK(fixture.outcome(0) == kGranted);
}

TEST_CASE("F26: an order past the day's volume is refused") {
  Fixture fixture;
  fixture.load({{limits_of("A", 0)}});
  CHECK(fixture.order(600, 1000).outcome == kGranted);
  const auto answer = fixture.order(600, 1000);
  CHECK(answer.outcome == ChargeOutcome::volume_exceeded);
  CHECK(answer.retry_after_ms == 23 * 3'600 * 1'000);
  CHECK(fixture.order(400, 1000).outcome == kGranted);
  CHECK(fixture.order(1, 0).outcome == ChargeOutcome::volume_exceeded);
}

TEST_CASE("F28: an order that the upstream refused gives its volume back, and was a call") {
  Fixture fixture;
  fixture.load({{limits_of("A", 0, 2)}});
  const auto first = fixture.order(600, 1000);
  REQUIRE(first.outcome == kGranted);
  SECTION("refused") {
    fixture.limiter().release(first.ticket, GiveBack::volume);
    CHECK(fixture.order(1000, 1000).outcome == kGranted);
    CHECK(fixture.order(0, 1000).outcome == ChargeOutcome::quota_exceeded);
  }
  SECTION("never sent") {
    fixture.limiter().release(first.ticket, GiveBack::everything);
    CHECK(fixture.order(500, 1000).outcome == kGranted);
    CHECK(fixture.order(500, 1000).outcome == kGranted);
    CHECK(fixture.order(0, 1000).outcome == ChargeOutcome::quota_exceeded);
  }
  SECTION("nothing was counted") {
    fixture.limiter().release(Ticket{}, GiveBack::everything);
    CHECK(fixture.order(500, 1000).outcome == ChargeOutcome::volume_exceeded);
  }
}

TEST_CASE("a call that is refused costs nothing") {
  Fixture fixture;
  fixture.load({{limits_of("A", 2, 3)}});
  SECTION("a quota or volume refuses: no token is taken") {
    CHECK(fixture.order(10, 5).outcome == ChargeOutcome::volume_exceeded);
    CHECK(fixture.order(10, 5).outcome == ChargeOutcome::volume_exceeded);
    CHECK(fixture.order(5, 5).outcome == kGranted);
    CHECK(fixture.order(0, 5).outcome == kGranted);
    CHECK(fixture.order(0, 5).outcome == kRateLimited);
  }
  SECTION("the rate refuses: nothing is counted") {
    CHECK(fixture.order(1, 5).outcome == kGranted);
    CHECK(fixture.order(1, 5).outcome == kGranted);
    CHECK(fixture.order(1, 5).outcome == kRateLimited);
    CHECK(fixture.answered_at_once_);
    CHECK(fixture.used("volume A") == 2 * kUsd);
    CHECK(fixture.used("quota A") == 2);
  }
}

TEST_CASE("F27: calls at once from several threads: exactly the limits pass") {
  constexpr int kThreads = 4;
  constexpr int kCalls = 50;
  Fixture fixture;
  const std::int64_t rate = GENERATE(std::int64_t{7}, std::int64_t{0}, std::int64_t{1'000});
  const std::int64_t quota = 20;
  fixture.load({{limits_of("A", rate, quota)}});
  const std::int64_t expected = rate == 7 ? 7 : quota;
  std::atomic<std::int64_t> granted = 0;
  std::atomic<int> waiting = kThreads * kCalls;
  std::promise<void> all;
  const auto count = [&](const ChargeAnswer& answer) {
    granted += answer.outcome == kGranted ? 1 : 0;
    if (--waiting == 0) {
      all.set_value();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) {
        const auto answer = fixture.limiter().charge(fixture.table(), {}, fixture.now_, count);
        if (answer) {
          count(*answer);
        }
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  all.get_future().get();
  CHECK(granted == expected);
  // What was reserved and then found no token was given back: it is free for later calls.
  if (rate == 7) {
    fixture.now_.steady_us += 3'600 * kSecond;
    CHECK(fixture.outcome(0) == kGranted);
    CHECK(fixture.used("quota A") == 8);
  }
}

TEST_CASE("nonces come with the answer, and rise") {
  Fixture fixture;
  fixture.load({{limits_of("A", 0)}});
  ChargeRequest request;
  request.wants_nonce = true;
  const auto first = fixture.charge(request);
  fixture.now_.wall_us -= kDayUs;
  const auto second = fixture.charge(request);
  CHECK(first.outcome == kGranted);
  CHECK(first.nonce >= kWall);
  CHECK(second.nonce > first.nonce);
}

TEST_CASE("without its file, calls under a quota are refused and others pass", "[I13]") {
  Fixture fixture;
  fixture.load({{limits_of("A", 1, 5)}, {limits_of("B", 5)}});
  REQUIRE(std::rename(fixture.folder().file().c_str(), fixture.folder().file("x").c_str()) == 0);
  CHECK(fixture.outcome(0) == ChargeOutcome::unavailable);
  CHECK(fixture.outcome(0) == ChargeOutcome::unavailable);
  CHECK(fixture.outcome(1) == kGranted);
}

TEST_CASE("a file that cannot be used is an error at start", "[I13]") {
  const TempFolder folder;
  CHECK(Limiter::open(folder.file("none/limits.db")).error().code == base::Errc::not_found);
}

TEST_CASE("calls that wait while the limiter ends are answered") {
  std::atomic<int> answered = 0;
  {
    Fixture fixture;
    fixture.load({{limits_of("A", 10, 1'000)}});
    for (int i = 0; i < 100; ++i) {
      const auto answer = fixture.limiter().charge(
          fixture.table(), {}, fixture.now_, [&](const ChargeAnswer&) { ++answered; });
      answered += answer ? 1 : 0;
    }
  }
  CHECK(answered == 100);
}

namespace {

ScopeLimits budget_of(const std::string& name,
                      std::optional<std::int64_t> micro_usd,
                      std::optional<std::int64_t> tokens = std::nullopt,
                      bool is_soft = false) {
  ScopeLimits limits = limits_of(name, 0);
  limits.budget = BudgetLimits{name, micro_usd, tokens, is_soft};
  return limits;
}

ChargeRequest spending(std::int64_t micro_usd, std::int64_t tokens, std::string_view caller = "") {
  ChargeRequest request;
  request.caller = caller;
  request.spend = Spend{micro_usd, tokens};
  return request;
}

}  // namespace

TEST_CASE("a budget is charged before, and what it came to takes the place of that") {
  Fixture fixture;
  fixture.load({{budget_of("A", 100)}});
  const auto first = fixture.charge(spending(80, 8));
  CHECK(first.outcome == ChargeOutcome::granted);
  const auto refused = fixture.charge(spending(21, 2));
  CHECK(refused.outcome == ChargeOutcome::budget_exceeded);
  CHECK(refused.retry_after_ms == (86'400 - 3'600) * 1000);
  fixture.limiter().spend(first.ticket, {30, 3});
  CHECK(fixture.charge(spending(70, 7)).outcome == ChargeOutcome::granted);
  CHECK(fixture.charge(spending(1, 1)).outcome == ChargeOutcome::budget_exceeded);
  CHECK(fixture.used("spent A/") == 100);
  CHECK(fixture.used("tokens A/") == 10);
}

TEST_CASE("what came to more than it was taken for counts, too") {
  Fixture fixture;
  fixture.load({{budget_of("A", 100)}});
  const auto first = fixture.charge(spending(10, 1));
  fixture.limiter().spend(first.ticket, {250, 25});
  CHECK(fixture.charge(spending(1, 1)).outcome == ChargeOutcome::budget_exceeded);
  CHECK(fixture.used("spent A/") == 250);
}

TEST_CASE("a budget is of each caller, and what was not sent costs nothing") {
  Fixture fixture;
  fixture.load({{budget_of("A", 100)}});
  const auto ann = fixture.charge(spending(100, 1, "ann"));
  CHECK(ann.outcome == ChargeOutcome::granted);
  CHECK(fixture.charge(spending(1, 1, "ann")).outcome == ChargeOutcome::budget_exceeded);
  CHECK(fixture.charge(spending(100, 1, "bob")).outcome == ChargeOutcome::granted);
  fixture.limiter().release(ann.ticket, GiveBack::everything);
  CHECK(fixture.charge(spending(100, 1, "ann")).outcome == ChargeOutcome::granted);
}

TEST_CASE("a budget of tokens begins anew with each minute") {
  Fixture fixture;
  fixture.load({{budget_of("A", std::nullopt, 10)}});
  const auto first = fixture.charge(spending(0, 9));
  CHECK(first.outcome == ChargeOutcome::granted);
  const auto refused = fixture.charge(spending(0, 2));
  CHECK(refused.outcome == ChargeOutcome::budget_exceeded);
  CHECK(refused.retry_after_ms == 60'000);
  fixture.now_.wall_us += 60 * kSecond;
  CHECK(fixture.charge(spending(0, 10)).outcome == ChargeOutcome::granted);
  fixture.limiter().spend(first.ticket, {0, 0});  // of a minute that is over
  CHECK(fixture.charge(spending(0, 1)).outcome == ChargeOutcome::budget_exceeded);
  CHECK(fixture.used("tokens A/") == 10);
}

TEST_CASE(
    "F44 that a budget is used up is told once a day, and where it only alerts no more is done") {
  for (const bool is_soft : {false, true}) {
    Fixture fixture;
    fixture.load({{budget_of("A", 100, std::nullopt, is_soft)}});
    CHECK(fixture.charge(spending(100, 1)).past == BudgetPart::none);
    const auto passed = fixture.charge(spending(1, 1));
    CHECK(passed.outcome == (is_soft ? ChargeOutcome::granted : ChargeOutcome::budget_exceeded));
    CHECK(passed.past == BudgetPart::micro_usd_per_day);
    CHECK(fixture.charge(spending(1, 1)).past == BudgetPart::none);
    CHECK(fixture.charge(spending(101, 1, "ann")).past == BudgetPart::micro_usd_per_day);
    fixture.now_.wall_us += kDayUs;
    CHECK(fixture.charge(spending(101, 1)).past == BudgetPart::micro_usd_per_day);
  }
}

TEST_CASE("budgets survive a restart, also what was never told to have come to less") {
  Fixture fixture;
  fixture.load({{budget_of("A", 100)}});
  CHECK(fixture.charge(spending(60, 6)).outcome == ChargeOutcome::granted);
  fixture.reopen();
  fixture.load({{budget_of("A", 100)}});
  CHECK(fixture.charge(spending(41, 1)).outcome == ChargeOutcome::budget_exceeded);
  CHECK(fixture.charge(spending(40, 1)).outcome == ChargeOutcome::granted);
}

}  // namespace keyswap::limits
