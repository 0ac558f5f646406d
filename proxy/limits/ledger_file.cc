// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/ledger_file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/own_database.h"

namespace keyswap::limits {

namespace {

using base::Database;
using base::Errc;
using base::Error;
using base::Result;
using base::Statement;
using base::Status;
using base::Transaction;

constexpr std::int64_t kUsPerDay = 86'400'000'000;
constexpr std::int64_t kUsPerMinute = 60'000'000;
// Of a minute's account: the minute stands above so many bits of what was used in it.
constexpr int kMinuteUseBits = 40;
constexpr std::int64_t kMinuteUseMax = (std::int64_t{1} << kMinuteUseBits) - 1;

constexpr std::array<std::string_view, 2> kTables = {
    "CREATE TABLE counters(account TEXT NOT NULL, day INTEGER NOT NULL, used INTEGER NOT NULL, "
    "PRIMARY KEY(account, day)) STRICT, WITHOUT ROWID",
    "CREATE TABLE nonces(account TEXT NOT NULL, reserved INTEGER NOT NULL, PRIMARY KEY(account)) "
    "STRICT, WITHOUT ROWID"};

constexpr base::DatabaseForm kForm = {
    .application_id = 0x4b534c4d,  // "KSLM"
    .format = 1,
    .tables = kTables,
    .is_foreign = "this is no database of limits",
    .is_of_other = "the limits' database was made by another version of keyswap",
    .is_damaged = "the tables of the limits' database are not as they should be",
    .was_not_made = "the limits' database could not be made"};

Error damaged() {
  return {Errc::corrupt, kForm.is_damaged};
}

}  // namespace

struct LedgerFile::Statements {
  Statement read_used;
  Statement write_used;
  Statement prune;
  Statement read_nonces;
  Statement write_nonces;
  Statement read_days;
  Statement read_all;
  Statement remove;
  Statement remove_nonces;
};

std::int64_t day_of(std::int64_t wall_us) {
  const std::int64_t day = wall_us / kUsPerDay;
  return wall_us % kUsPerDay < 0 ? day - 1 : day;
}

std::int64_t end_of_day_us(std::int64_t day) {
  return (day + 1) * kUsPerDay;
}

std::int64_t minute_of(std::int64_t wall_us) {
  return (wall_us - day_of(wall_us) * kUsPerDay) / kUsPerMinute;
}

std::int64_t end_of_minute_us(std::int64_t wall_us) {
  return day_of(wall_us) * kUsPerDay + (minute_of(wall_us) + 1) * kUsPerMinute;
}

MinuteUse MinuteUse::of(std::int64_t kept) {
  return {kept >> kMinuteUseBits, kept & kMinuteUseMax};
}

std::int64_t MinuteUse::kept() const {
  return (minute << kMinuteUseBits) | std::clamp<std::int64_t>(used, 0, kMinuteUseMax);
}

LedgerFile::LedgerFile(Database database, std::unique_ptr<Statements> statements)
    : database_(std::move(database)), statements_(std::move(statements)) {}

LedgerFile::LedgerFile(LedgerFile&&) noexcept = default;

LedgerFile::~LedgerFile() = default;

Result<LedgerFile> LedgerFile::open(const std::string& path) {
  auto database = base::open_or_make(path, kForm);
  if (!database) {
    return database.error();
  }
  return of(std::move(*database));
}

Result<LedgerFile> LedgerFile::open_to_read(const std::string& path) {
  auto database = base::open_to_read(path, kForm);
  if (!database) {
    return database.error();
  }
  return of(std::move(*database));
}

Result<LedgerFile> LedgerFile::of(Database database) {
  auto newest = base::query_number(database, "SELECT MAX(day) FROM counters");
  auto read_used = database.prepare("SELECT used FROM counters WHERE account=? AND day=?");
  auto write_used = database.prepare("INSERT OR REPLACE INTO counters VALUES(?,?,?)");
  auto prune = database.prepare("DELETE FROM counters WHERE day<?");
  auto read_nonces = database.prepare("SELECT reserved FROM nonces WHERE account=?");
  auto write_nonces = database.prepare("INSERT OR REPLACE INTO nonces VALUES(?,?)");
  auto read_days = database.prepare("SELECT day, used FROM counters WHERE account=?");
  auto remove = database.prepare("DELETE FROM counters WHERE account=?");
  auto read_all = database.prepare("SELECT account, day, used FROM counters");
  auto remove_nonces = database.prepare("DELETE FROM nonces WHERE account=?");
  if (!newest || !read_used || !write_used || !prune || !read_nonces || !write_nonces ||
      !read_days || !read_all || !remove || !remove_nonces) {
    return damaged();
  }
  auto statements = std::make_unique<Statements>(Statements{std::move(*read_used),
                                                            std::move(*write_used),
                                                            std::move(*prune),
                                                            std::move(*read_nonces),
                                                            std::move(*write_nonces),
                                                            std::move(*read_days),
                                                            std::move(*read_all),
                                                            std::move(*remove),
                                                            std::move(*remove_nonces)});
  LedgerFile file(std::move(database), std::move(statements));
  file.newest_day_ = *newest;
  return file;
}

Result<Transaction> LedgerFile::begin() {
  if (database_.was_replaced()) {
    return Error{Errc::io, "the file was replaced or removed"};
  }
  return Transaction::begin(database_);
}

Result<std::int64_t> LedgerFile::enter_day(std::int64_t wall_us) {
  newest_day_ = std::max(newest_day_, day_of(wall_us));
  if (newest_day_ != pruned_for_day_) {
    auto& prune = statements_->prune;
    KS_TRY(prune.bind_integer(1, newest_day_ - base::bounds::kLedgerDaysKept));
    const auto done = prune.step();
    prune.reset();
    if (!done) {
      return done.error();
    }
    pruned_for_day_ = newest_day_;
  }
  return newest_day_;
}

Result<bool> LedgerFile::has_room(const Demand& demand, std::int64_t day, std::int64_t minute) {
  auto used = read_used(demand.account, day);
  if (!used) {
    return used.error();
  }
  if (demand.window == Window::minute) {
    const MinuteUse before = MinuteUse::of(*used);
    used = before.minute >= minute ? before.used : 0;
  }
  // In this order nothing overflows: what was used is 0 or more.
  return demand.amount >= 0 && demand.cap >= *used && demand.amount <= demand.cap - *used;
}

Status LedgerFile::add(const std::string& account, std::int64_t day, std::int64_t amount) {
  const auto used = read_used(account, day);
  if (!used) {
    return used.error();
  }
  if (amount > std::numeric_limits<std::int64_t>::max() - *used) {
    return Error{Errc::limit_exceeded, "a counter is full"};
  }
  return write_used(account, day, std::max<std::int64_t>(*used + amount, 0));
}

Result<std::int64_t> LedgerFile::add_in_minute(const std::string& account,
                                               std::int64_t day,
                                               std::int64_t minute,
                                               std::int64_t amount) {
  const auto kept = read_used(account, day);
  if (!kept) {
    return kept.error();
  }
  MinuteUse use = MinuteUse::of(*kept);
  if (use.minute < minute) {
    use = {minute, 0};
  }
  use.used += amount;
  KS_TRY(write_used(account, day, use.kept()));
  return use.minute;
}

Status LedgerFile::settle_in_minute(const Settlement& settlement) {
  const auto kept = read_used(settlement.account, settlement.day);
  if (!kept) {
    return kept.error();
  }
  MinuteUse use = MinuteUse::of(*kept);
  if (use.minute != settlement.minute) {
    return {};
  }
  use.used -= settlement.amount;
  return write_used(settlement.account, settlement.day, use.kept());
}

Status LedgerFile::write_used(const std::string& account, std::int64_t day, std::int64_t used) {
  auto& write = statements_->write_used;
  KS_TRY(write.bind_text(1, account));
  KS_TRY(write.bind_integer(2, day));
  KS_TRY(write.bind_integer(3, used));
  const auto done = write.step();
  write.reset();
  return done ? Status() : Status(done.error());
}

Result<std::uint64_t> LedgerFile::next_nonce(const std::string& account, std::int64_t wall_us) {
  auto found = nonces_.find(account);
  if (found == nonces_.end()) {
    const auto stored = read_nonces(account);
    if (!stored) {
      return stored.error();
    }
    found = nonces_.emplace(account, *stored).first;
  }
  auto& nonces = found->second;
  const std::int64_t next = std::max(nonces.last + 1, wall_us);
  if (next > nonces.reserved) {
    const std::int64_t reserved = next + base::bounds::kNonceBlockUs;
    KS_TRY(reserve_nonces(account, reserved));
    nonces.reserved = reserved;
  }
  nonces.last = next;
  return static_cast<std::uint64_t>(next);
}

Status LedgerFile::reserve_nonces(const std::string& account, std::int64_t reserved) {
  auto& write = statements_->write_nonces;
  KS_TRY(write.bind_text(1, account));
  KS_TRY(write.bind_integer(2, reserved));
  const auto done = write.step();
  write.reset();
  return done ? Status() : Status(done.error());
}

Status LedgerFile::carry_over(const Move& move) {
  auto& read = statements_->read_days;
  KS_TRY(read.bind_text(1, move.from));
  std::vector<UsageRow> rows;
  auto more = read.step();
  for (; more && *more; more = read.step()) {
    rows.push_back({move.from, read.integer(0), read.integer(1)});
  }
  read.reset();
  if (!more) {
    return more.error();
  }
  for (const UsageRow& row : rows) {
    for (const std::string& account : move.to) {
      KS_TRY(add(account, row.day, row.used));
    }
  }
  KS_TRY(rows.empty() ? Status() : run(statements_->remove, move.from));
  return carry_over_nonces(move);
}

Status LedgerFile::carry_over_nonces(const Move& move) {
  const auto old = read_nonces(move.from);
  if (!old) {
    return old.error();
  }
  if (old->reserved == 0) {
    return {};
  }
  for (const std::string& account : move.to) {
    const auto now = read_nonces(account);
    if (!now) {
      return now.error();
    }
    KS_TRY(reserve_nonces(account, std::max(now->reserved, old->reserved)));
    nonces_.erase(account);  // read anew with the next
  }
  return run(statements_->remove_nonces, move.from);
}

Status LedgerFile::take_larger(LedgerFile& other) {
  const auto rows = other.read();
  if (!rows) {
    return rows.error();
  }
  for (const UsageRow& row : *rows) {
    const auto used = read_used(row.account, row.day);
    if (!used) {
      return used.error();
    }
    KS_TRY(row.used > *used ? add(row.account, row.day, row.used - *used) : Status());
  }
  auto nonces = other.database_.prepare("SELECT account, reserved FROM nonces");
  if (!nonces) {
    return nonces.error();
  }
  auto more = nonces->step();
  for (; more && *more; more = nonces->step()) {
    const std::string account(nonces->text(0));
    const auto own = read_nonces(account);
    if (!own) {
      return own.error();
    }
    KS_TRY(nonces->integer(1) > own->reserved ? reserve_nonces(account, nonces->integer(1))
                                              : Status());
  }
  nonces_.clear();  // read anew with the next
  return more ? Status() : Status(more.error());
}

// A statement about one account that gives no rows.
Status LedgerFile::run(Statement& statement, const std::string& account) {
  KS_TRY(statement.bind_text(1, account));
  const auto done = statement.step();
  statement.reset();
  return done ? Status() : Status(done.error());
}

void LedgerFile::forget_round() {
  // Statements that failed must not keep a transaction open.
  statements_->read_used.reset();
  statements_->write_used.reset();
  statements_->prune.reset();
  statements_->read_nonces.reset();
  statements_->write_nonces.reset();
  statements_->read_days.reset();
  statements_->read_all.reset();
  statements_->remove.reset();
  statements_->remove_nonces.reset();
  nonces_.clear();
  pruned_for_day_ = 0;
}

Result<std::int64_t> LedgerFile::read_used(const std::string& account, std::int64_t day) {
  auto& read = statements_->read_used;
  KS_TRY(read.bind_text(1, account));
  KS_TRY(read.bind_integer(2, day));
  auto used = base::number_of(read, 0);
  if (used && *used < 0) {
    return damaged();
  }
  return used;
}

Result<LedgerFile::Nonces> LedgerFile::read_nonces(const std::string& account) {
  auto& read = statements_->read_nonces;
  KS_TRY(read.bind_text(1, account));
  const auto reserved = base::number_of(read, 0);
  if (!reserved) {
    return reserved.error();
  }
  if (*reserved < 0) {
    return damaged();
  }
  // What was reserved may have been given out.
  return Nonces{*reserved, *reserved};
}

Result<std::vector<UsageRow>> LedgerFile::read() {
  auto& read = statements_->read_all;
  std::vector<UsageRow> rows;
  auto more = read.step();
  for (; more && *more; more = read.step()) {
    rows.push_back({std::string(read.text(0)), read.integer(1), read.integer(2)});
  }
  read.reset();
  if (!more) {
    return more.error();
  }
  return rows;
}

}  // namespace keyswap::limits
