// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/kept_head.h"

#include <optional>
#include <utility>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/base/sqlite.h"
#include "test/audit/support.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

using audit::test::Answers;
using audit::test::open_log;
using audit::test::settings_for;
using audit::test::TempFolder;
using audit::test::TestClock;
using audit::test::urgent_batch;

vault::Secret secret_of(std::string_view text) {
  auto secret = vault::Secret::copy_of(text);
  REQUIRE(secret);
  return std::move(*secret);
}

vault::Vault make_vault(const Home& home) {
  REQUIRE(vault::lock_memory());
  auto vault = vault::Vault::create(home.vault(), secret_of("passphrase"), 1);
  REQUIRE(vault);
  return std::move(*vault);
}

void append(audit::Log& log) {
  Answers answers;
  REQUIRE(log.append(urgent_batch("r"), &answers, 1));
  REQUIRE(answers.wait(1));
}

}  // namespace

TEST_CASE("each folder has a head of its own, and what is no head is not taken for one", "[I7]") {
  const test::TempHome place;
  const Home home{place.path()};
  vault::Vault vault = make_vault(home);
  audit::Head head;
  head.seq = 7;
  CHECK_FALSE(kept_head(home, home.audit(), vault)->has_value());
  REQUIRE(keep_head(home, home.audit(), vault, head));
  CHECK(**kept_head(home, home.audit(), vault) == head);
  CHECK(**kept_head(home, home.path + "/./audit", vault) == head);
  CHECK_FALSE(kept_head(home, "/elsewhere", vault)->has_value());
  REQUIRE(vault.put_system("audit-head", secret_of("{}")));
  CHECK(kept_head(home, home.audit(), vault).error().code == base::Errc::corrupt);
}

TEST_CASE("the head is written when it moved, not too often, and at the end", "[I7]") {
  const test::TempHome place;
  const Home home{place.path()};
  const TempFolder folder;
  vault::Vault vault = make_vault(home);
  const TestClock clock;
  const auto log = open_log(settings_for(folder, clock));
  HeadKeeper keeper(home, folder.path(), vault, *log, clock);
  keeper.keep();  // there is none yet
  const std::uint64_t untouched = vault.generation();
  append(*log);
  append(*log);  // the first record is signed before the second is written
  while (!log->head()) {
    append(*log);
  }
  keeper.keep();
  CHECK(vault.generation() == untouched + 1);
  keeper.keep();
  CHECK(vault.generation() == untouched + 1);
  append(*log);
  log->close();
  keeper.keep();  // not long enough ago
  CHECK(vault.generation() == untouched + 1);
  keeper.keep_last();
  keeper.keep_last();
  CHECK(vault.generation() == untouched + 2);
  CHECK(*kept_head(home, folder.path(), vault) == log->head());
}

TEST_CASE("while the head cannot be kept for too long, the vault gives nothing out", "[I7]") {
  const test::TempHome place;
  const Home home{place.path()};
  const TempFolder folder;
  vault::Vault vault = make_vault(home);
  vault.set_patience(1);
  TestClock clock;
  const auto log = open_log(settings_for(folder, clock));
  HeadKeeper keeper(home, folder.path(), vault, *log, clock);
  while (!log->head()) {
    append(*log);
  }
  // Another process holds the file: each failure is one that passes by itself.
  auto other = base::Database::open(home.vault(), base::Database::Mode::read_write);
  REQUIRE(other);
  std::optional<base::Transaction> held;
  {
    auto begun = base::Transaction::begin(*other);
    REQUIRE(begun);
    held.emplace(std::move(*begun));
  }
  keeper.keep();
  clock.steady += base::bounds::kAuditHeadLateMs * 1000;
  keeper.keep();
  CHECK_FALSE(vault.is_locked());
  clock.steady += 1;
  keeper.keep();
  CHECK(vault.is_locked_for(vault::LockedFor::head));
  append(*log);  // a head that moves on is as late
  keeper.keep();
  CHECK(vault.is_locked());
  log->close();  // the head stays where it is from here on
  held.reset();
  clock.steady += base::bounds::kAuditHeadMs * 1000;
  keeper.keep();
  CHECK_FALSE(vault.is_locked());
  CHECK(*kept_head(home, folder.path(), vault) == log->head());
}

TEST_CASE("a vault that is put back learns of each log how far it reached since, and forgets none",
          "[I7]") {
  const test::TempHome place;
  const test::TempHome other;
  const Home home{place.path()};
  vault::Vault now = make_vault(home);
  vault::Vault back = make_vault(other.home());
  const auto at = [](std::uint64_t seq, char log) {
    audit::Head head;
    head.seq = seq;
    head.log.fill(static_cast<std::uint8_t>(log));
    return head;
  };
  REQUIRE(keep_head(home, "/further", now, at(9, 'a')));
  REQUIRE(keep_head(home, "/further", back, at(3, 'a')));
  REQUIRE(keep_head(home, "/less", now, at(2, 'a')));
  REQUIRE(keep_head(home, "/less", back, at(5, 'a')));
  REQUIRE(keep_head(home, "/begun", now, at(4, 'a')));
  REQUIRE(keep_head(home, "/anew", now, at(1, 'b')));  // the loss of the one before was accepted
  REQUIRE(keep_head(home, "/anew", back, at(7, 'a')));
  REQUIRE(keep_head(home, "/old", back, at(6, 'a')));
  REQUIRE(now.put_system("audit-folder-x", secret_of("/begun")));
  REQUIRE(now.put_system("audit-place", secret_of("/begun")));
  REQUIRE(back.put_system("audit-place", secret_of("/old")));
  REQUIRE(take_over_heads(now, back));
  CHECK(back.fetch_system("audit-place")->reveal() == "/begun");
  CHECK(**kept_head(home, "/further", back) == at(9, 'a'));
  CHECK(**kept_head(home, "/less", back) == at(5, 'a'));
  CHECK(**kept_head(home, "/begun", back) == at(4, 'a'));
  CHECK(**kept_head(home, "/anew", back) == at(1, 'b'));
  CHECK(**kept_head(home, "/old", back) == at(6, 'a'));
  CHECK(back.system_names("audit-folder-").size() == 1);
}

}  // namespace keyswap::cli
