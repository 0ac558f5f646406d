// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/ledger_file.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "proxy/base/bounds.h"
#include "proxy/limits/sqlite_store.h"
#include "test/limits/temp_folder.h"

namespace keyswap::limits {

using test::TempFolder;

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

LedgerFile opened(const std::string& path) {
  auto store = LedgerFile::open(path);
  REQUIRE(store);
  return std::move(store).value();
}

std::uint64_t nonce_of(LedgerFile& store, std::int64_t wall_us, bool commits = true) {
  auto transaction = store.begin();
  REQUIRE(transaction);
  const auto nonce = store.next_nonce("K", wall_us);
  REQUIRE(nonce);
  if (commits) {
    REQUIRE(transaction->commit());
  }
  return *nonce;
}

}  // namespace

TEST_CASE("days are those of UTC, also before 1970") {
  CHECK(day_of(0) == 0);
  CHECK(day_of(kDayUs - 1) == 0);
  CHECK(day_of(kDayUs) == 1);
  CHECK(day_of(-1) == -1);
  CHECK(end_of_day_us(0) == kDayUs);
  CHECK(day_of(end_of_day_us(20'000)) == 20'001);
}

TEST_CASE("the file is made for its owner alone, whole, and without leavings") {
  const TempFolder folder;
  std::ofstream(folder.file("limits.db.new")) << "of a process that was killed";
  static_cast<void>(opened(folder.file()));
  struct stat found = {};
  REQUIRE(::stat(folder.file().c_str(), &found) == 0);
  CHECK((found.st_mode & 07777U) == 0600U);
  CHECK_FALSE(std::filesystem::exists(folder.file("limits.db.new")));
  CHECK(LedgerFile::open(folder.file()));
}

TEST_CASE("a file that is not ours is refused, not used and not replaced", "[I13]") {
  const TempFolder folder;
  const auto code_of = [&] {
    auto store = LedgerFile::open(folder.file());
    REQUIRE_FALSE(store);
    return store.error().code;
  };
  SECTION("other bytes") {
    std::ofstream(folder.file()) << std::string(4096, 'x');
    std::filesystem::permissions(folder.file(), std::filesystem::perms(0600));
    CHECK(code_of() == base::Errc::corrupt);
    CHECK(std::filesystem::file_size(folder.file()) == 4096);
  }
  SECTION("another database") {
    REQUIRE(base::Database::open(folder.file(), base::Database::Mode::create_new)
                ->execute("CREATE TABLE counters(a)"));
    CHECK(code_of() == base::Errc::corrupt);
  }
  SECTION("a table more") {
    static_cast<void>(opened(folder.file()));
    REQUIRE(base::Database::open(folder.file(), base::Database::Mode::read_write)
                ->execute("CREATE TABLE more(a)"));
    CHECK(code_of() == base::Errc::corrupt);
  }
  SECTION("another version's") {
    static_cast<void>(opened(folder.file()));
    REQUIRE(base::Database::open(folder.file(), base::Database::Mode::read_write)
                ->execute("PRAGMA user_version=2"));
    CHECK(code_of() == base::Errc::unsupported);
  }
  SECTION("open to others") {
    static_cast<void>(opened(folder.file()));
    std::filesystem::permissions(folder.file(), std::filesystem::perms(0644));
    CHECK(code_of() == base::Errc::permission);
  }
  SECTION("no folder") {
    CHECK(LedgerFile::open(folder.file("none/limits.db")).error().code == base::Errc::not_found);
  }
}

TEST_CASE("what is added counts until it is given back, and never falls below 0") {
  const TempFolder folder;
  auto store = opened(folder.file());
  auto transaction = store.begin();
  REQUIRE(transaction);
  CHECK(*store.has_room({"a", 10, 10}, 5));
  REQUIRE(store.add("a", 5, 7));
  CHECK(*store.has_room({"a", 3, 10}, 5));
  CHECK_FALSE(*store.has_room({"a", 4, 10}, 5));
  CHECK(*store.has_room({"b", 10, 10}, 5));
  CHECK(*store.has_room({"a", 10, 10}, 6));
  CHECK_FALSE(*store.has_room({"a", 0, 6}, 5));
  CHECK_FALSE(*store.has_room({"b", -1, 10}, 5));
  CHECK_FALSE(*store.has_room({"a", INT64_MAX, INT64_MAX}, 5));
  REQUIRE(store.add("a", 5, -100));
  CHECK(*store.has_room({"a", 10, 10}, 5));
  REQUIRE(store.add("a", 5, INT64_MAX));
  CHECK_FALSE(store.add("a", 5, 1));
  REQUIRE(transaction->commit());
}

TEST_CASE("F26: the day never goes back, and old days go") {
  const TempFolder folder;
  {
    auto store = opened(folder.file());
    auto transaction = store.begin();
    REQUIRE(transaction);
    CHECK(*store.enter_day(20 * kDayUs) == 20);
    REQUIRE(store.add("a", 20, 1));
    CHECK(*store.enter_day(21 * kDayUs) == 21);
    REQUIRE(store.add("a", 21, 2));
    CHECK(*store.enter_day(20 * kDayUs) == 21);
    REQUIRE(transaction->commit());
  }
  auto store = opened(folder.file());
  CHECK(store.newest_day() == 21);
  auto transaction = store.begin();
  REQUIRE(transaction);
  CHECK(*store.enter_day(3 * kDayUs) == 21);
  CHECK(*store.enter_day((21 + base::bounds::kLedgerDaysKept) * kDayUs) ==
        21 + base::bounds::kLedgerDaysKept);
  REQUIRE(transaction->commit());
  const auto rows = read_usage(folder.file());
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().day == 21);
  CHECK(rows->front().used == 2);
}

TEST_CASE("nonces rise, whatever the clock does and however often the file is opened") {
  const TempFolder folder;
  constexpr std::int64_t kNow = 1'700'000'000'000'000;
  std::uint64_t last = 0;
  {
    auto store = opened(folder.file());
    last = nonce_of(store, kNow);
    CHECK(last == kNow);
    for (const std::int64_t wall_us : {kNow, kNow + 5, kNow - 3'600'000'000, kNow + 6}) {
      const auto nonce = nonce_of(store, wall_us);
      CHECK(nonce > last);
      last = nonce;
    }
  }
  for (int i = 0; i < 3; ++i) {
    auto store = opened(folder.file());
    const auto nonce = nonce_of(store, kNow - i);
    CHECK(nonce > last);
    last = nonce;
  }
  CHECK(last < kNow + std::uint64_t{5} * base::bounds::kNonceBlockUs);
}

TEST_CASE("nonces of a round that was not committed are not taken for reserved") {
  const TempFolder folder;
  constexpr std::int64_t kNow = 1'700'000'000'000'000;
  {
    auto store = opened(folder.file());
    static_cast<void>(nonce_of(store, kNow, false));
    store.forget_round();
    CHECK(nonce_of(store, kNow + 1) == kNow + 1);
  }
  auto store = opened(folder.file());
  CHECK(nonce_of(store, kNow) > kNow + 1);
}

TEST_CASE("what was counted under another name counts under the new ones, once") {
  const TempFolder folder;
  auto store = opened(folder.file());
  std::uint64_t nonce = nonce_of(store, 1'000);
  {
    auto transaction = store.begin();
    REQUIRE(transaction);
    REQUIRE(store.add("old", 5, 7));
    REQUIRE(store.add("old", 6, 8));
    REQUIRE(store.add("new", 6, 1));
    REQUIRE(transaction->commit());
  }
  for (int time = 0; time < 2; ++time) {
    auto transaction = store.begin();
    REQUIRE(transaction);
    REQUIRE(store.carry_over({"old", {"new", "newer"}}));
    REQUIRE(store.carry_over({"absent", {"new"}}));
    REQUIRE(store.carry_over({"K", {"key"}}));
    REQUIRE(transaction->commit());
    CHECK_FALSE(*store.has_room({"new", 4, 10}, 5));
    CHECK(*store.has_room({"new", 3, 10}, 5));
    CHECK_FALSE(*store.has_room({"new", 2, 10}, 6));
    CHECK(*store.has_room({"new", 1, 10}, 6));
    CHECK(*store.has_room({"newer", 2, 10}, 6));
    CHECK(*store.has_room({"old", 10, 10}, 6));
  }
  auto transaction = store.begin();
  REQUIRE(transaction);
  CHECK(*store.next_nonce("key", 1'000) > nonce);
}

TEST_CASE("a file that was moved away or replaced is not written any more", "[I13]") {
  const TempFolder folder;
  auto store = opened(folder.file());
  std::filesystem::rename(folder.file(), folder.file("elsewhere"));
  CHECK_FALSE(store.begin());
  static_cast<void>(opened(folder.file()));
  CHECK_FALSE(store.begin());
}

TEST_CASE("usage is read while somebody writes, and its absence is told") {
  const TempFolder folder;
  CHECK(read_usage(folder.file()).error().code == base::Errc::not_found);
  auto store = opened(folder.file());
  {
    auto transaction = store.begin();
    REQUIRE(store.add("a", 1, 5));
    REQUIRE(transaction->commit());
  }
  auto transaction = store.begin();
  REQUIRE(store.add("a", 1, 5));
  const auto rows = read_usage(folder.file());
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().account == "a");
  CHECK(rows->front().used == 5);
  REQUIRE(transaction->commit());
}

TEST_CASE("of two files the larger use counts, and the later nonce") {
  const TempFolder folder;
  const auto use = [&](LedgerFile& file, const std::string& account, std::int64_t amount) {
    auto round = file.begin();
    REQUIRE(round);
    REQUIRE(file.add(account, 7, amount));
    REQUIRE(round->commit());
  };
  std::uint64_t later = 0;
  {
    LedgerFile file = opened(folder.file());
    LedgerFile other = opened(folder.file("other.db"));
    use(file, "less", 1);
    use(other, "less", 5);
    use(file, "more", 6);
    use(other, "more", 2);
    use(other, "new", 3);
    static_cast<void>(nonce_of(file, 1000));
    later = nonce_of(other, kDayUs);
  }
  REQUIRE(keep_larger_usage(folder.file(), folder.file("other.db")));
  const auto rows = read_usage(folder.file());
  REQUIRE(rows);
  std::map<std::string, std::int64_t> used;
  for (const UsageRow& row : *rows) {
    used[row.account] = row.used;
  }
  CHECK(used == std::map<std::string, std::int64_t>{{"less", 5}, {"more", 6}, {"new", 3}});
  LedgerFile file = opened(folder.file());
  CHECK(nonce_of(file, 2000) > later);
  CHECK(keep_larger_usage(folder.file(), folder.file("none.db")).error().code ==
        base::Errc::not_found);
}

TEST_CASE("of a minute's account the minute is kept with what was used in it") {
  const MinuteUse use = MinuteUse::of(MinuteUse{1439, 1'000'000'000}.kept());
  CHECK(use.minute == 1439);
  CHECK(use.used == 1'000'000'000);
  CHECK(MinuteUse::of(0).used == 0);
  CHECK(MinuteUse{3, -5}.kept() == MinuteUse{3, 0}.kept());
  CHECK(MinuteUse{3, INT64_MAX}.kept() < MinuteUse{4, 0}.kept());
  constexpr std::int64_t kMinuteUs = 60'000'000;
  CHECK(minute_of(20'000 * std::int64_t{86'400'000'000} + 61 * kMinuteUs + 5) == 61);
  CHECK(end_of_minute_us(61 * kMinuteUs + 5) == 62 * kMinuteUs);
}

}  // namespace keyswap::limits
