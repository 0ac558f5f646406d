// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/strangers.h"

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {

using audit::Reason;

constexpr std::int64_t kSecond = 1'000'000;
constexpr int kAtOnce = static_cast<int>(base::bounds::kStrangersRecordedMax);

RefusedStranger refused(const std::string& address, Reason reason = Reason::caller_required) {
  RefusedStranger made;
  made.reason = reason;
  made.address = address + ":50000";
  made.request_id = "id";
  return made;
}

// Records that `count` refusals, evenly over `seconds`, bring about; `told`: how many they stand
// for.
struct Flood {
  std::uint64_t records = 0;
  std::uint64_t told = 0;
};

Flood flood(Strangers& strangers,
            int count,
            int seconds,
            Reason reason,
            int addresses = 1,
            std::string_view prefix = "127.0.0.") {
  Flood made;
  const auto take = [&](const std::vector<RefusedStranger>& due) {
    for (const auto& one : due) {
      ++made.records;
      made.told += one.count;
    }
  };
  for (int i = 0; i < count; ++i) {
    const std::int64_t now = kSecond * seconds * i / count;
    auto one = refused(std::string(prefix) + std::to_string(i % addresses), reason);
    one.path = std::to_string(i);
    if (strangers.add(one, now)) {
      ++made.records;
      ++made.told;
    }
    take(strangers.take_due(now));
  }
  take(strangers.take_all());
  return made;
}

}  // namespace

TEST_CASE("a few refusals of a stranger have each a record of their own") {
  Strangers strangers;
  for (int i = 0; i < kAtOnce; ++i) {
    CHECK(strangers.add(refused("127.0.0.1"), 0));
  }
  CHECK(strangers.take_all().empty());
}

TEST_CASE("a flood of one stranger is one record a second, and every refusal is counted", "[I10]") {
  const auto reason = GENERATE(Reason::caller_required,
                               Reason::caller_not_allowed,
                               Reason::user_not_allowed,
                               Reason::origin_not_allowed,
                               Reason::too_busy);
  Strangers strangers;
  const Flood made = flood(strangers, 100'000, 20, reason);
  CHECK(made.records <= 20 + kAtOnce + 1);
  CHECK(made.told == 100'000);
}

TEST_CASE("other refusals without a token are counted, too, where they are very many", "[I10]") {
  constexpr auto kMax = base::bounds::kRefusalsRecordedMax;
  Strangers strangers;
  CHECK(flood(strangers, kMax, 1, Reason::address_blocked).records == kMax);
  Strangers others;
  const Flood made = flood(others, 100'000, 20, Reason::malformed_request);
  CHECK(made.records <= 20 + kMax + 1);
  CHECK(made.told == 100'000);
}

TEST_CASE("strangers of many addresses are a bounded number of records a second", "[I10]") {
  Strangers strangers;
  const Flood made = flood(strangers, 200'000, 2, Reason::caller_required, 100'000, "192.0.2.");
  CHECK(made.records <= base::bounds::kStrangersMax * (kAtOnce + 3));
  CHECK(made.told == 200'000);
}

TEST_CASE("who comes from many loopback addresses is one stranger", "[I10]") {
  Strangers strangers;
  const Flood made = flood(strangers, 100'000, 10, Reason::caller_required, 1000);
  CHECK(made.records <= 10 + kAtOnce + 1);
  CHECK(made.told == 100'000);
}

TEST_CASE("one stranger's flood does not cost another his record, nor himself later") {
  Strangers strangers;
  for (int i = 0; i < 1000; ++i) {
    static_cast<void>(strangers.add(refused("127.0.0.1"), 0));
  }
  CHECK(strangers.add(refused("192.0.2.1"), 0));
  CHECK(strangers.take_due(kSecond - 1).empty());
  const auto due = strangers.take_due(kSecond);
  REQUIRE(due.size() == 1);
  CHECK(due.front().count == 1000 - kAtOnce);
  CHECK(due.front().address == "127.0.0.1:50000");
  CHECK(strangers.add(refused("127.0.0.1"), 60 * kSecond));
}

TEST_CASE("a count never mixes two users of the machine") {
  Strangers strangers;
  for (int i = 0; i < 10; ++i) {
    for (const std::uint32_t user : {1000U, 1001U}) {
      auto one = refused("127.0.0.1");
      one.user = user;
      static_cast<void>(strangers.add(one, 0));
    }
  }
  const auto due = strangers.take_all();
  REQUIRE(due.size() == 2);
  CHECK(due[0].user == 1000U);
  CHECK(due[1].user == 1001U);
  CHECK(due[0].count == 10 - kAtOnce);
  CHECK(due[1].count == 10 - kAtOnce);
}

TEST_CASE("where strangers are too many to be told apart their record names no user", "[I10]") {
  Strangers strangers;
  for (std::uint32_t user = 0; user < 2 * base::bounds::kStrangersMax; ++user) {
    for (int i = 0; i <= kAtOnce; ++i) {
      auto one = refused("127.0.0.1");
      one.user = user;
      static_cast<void>(strangers.add(one, 0));
    }
  }
  const auto due = strangers.take_all();
  std::uint64_t shared = 0;
  for (const auto& one : due) {
    shared += one.user ? 0 : one.count;
  }
  CHECK(due.size() == base::bounds::kStrangersMax + 1);
  CHECK(shared == base::bounds::kStrangersMax * (kAtOnce + 1) - kAtOnce);
}

TEST_CASE("a counted refusal is a record that says how many it stands for, and whose") {
  auto one = refused("127.0.0.1");
  one.user = 1000;
  one.count = 7;
  one.host = "api.example.com";
  const auto record = record_of(one, 5);
  CHECK(record.count == 7);
  CHECK(record.client.uid == 1000U);
  CHECK(record.decision == audit::Decision::refused);
  CHECK(record.destination.host == "api.example.com");
  CHECK(record.ts_us == 5);
}

}  // namespace keyswap::net
