// SPDX-License-Identifier: Apache-2.0
//
// The file limits.db: what was used of each account on each UTC day, and up to which number nonces
// were given out. For proxy/limits/ledger.cc, whose thread owns it; nothing in it waits but for the
// disk. A round is: begin, any of the steps, commit; durable then. After an error nothing of the
// round counts, and forget_round() makes the store as it was.
//
// Amounts are whole numbers: requests for quotas, 10^-8 USD for volumes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/base/sqlite.h"

namespace keyswap::limits {

// What one account used on one day (days since 1970).
struct UsageRow {
  std::string account;
  std::int64_t day = 0;
  std::int64_t used = 0;
};

// A part of a claim (proxy/limits/ledger.h): may `amount` be added to what `account` used today?
struct Demand {
  std::string account;
  std::int64_t amount = 0;
  std::int64_t cap = 0;
};

// What was counted for the account `from` counts for each of `to`.
struct Move {
  std::string from;
  std::vector<std::string> to;  // without `from`
};

// The UTC day of a time.
std::int64_t day_of(std::int64_t wall_us);
// When a day ends.
std::int64_t end_of_day_us(std::int64_t day);

class LedgerStore {
 public:
  LedgerStore(const LedgerStore&) = delete;
  LedgerStore& operator=(const LedgerStore&) = delete;
  LedgerStore(LedgerStore&&) noexcept;
  LedgerStore& operator=(LedgerStore&&) = delete;
  ~LedgerStore();

  // Opens the file, or makes it (mode 0600, durable with its name). corrupt, permission, io: as
  // base::Database::open; corrupt too when its tables are not ours; unsupported for another
  // version's.
  static base::Result<LedgerStore> open(const std::string& path);

  // io once the path does not name this file any more: what would be counted in it is lost with it.
  base::Result<base::Transaction> begin();

  // The day that is counted for at `wall_us`: never an earlier one than ever before, so that a
  // clock that is set back gives nothing out again.
  base::Result<std::int64_t> enter_day(std::int64_t wall_us);
  // Does what the account used on `day` leave room for the demand?
  base::Result<bool> has_room(const Demand& demand, std::int64_t day);
  // Adds (or, below 0, takes away, at most down to 0) `amount`.
  base::Status add(const std::string& account, std::int64_t day, std::int64_t amount);
  // Higher than any before for this account, also by an earlier process; the time, if that is.
  base::Result<std::uint64_t> next_nonce(const std::string& account, std::int64_t wall_us);

  // Adds what `from` used, each day, and its nonces, to the others; it is empty then.
  base::Status carry_over(const Move& move);

  void forget_round();

  // The newest day in the file.
  [[nodiscard]] std::int64_t newest_day() const { return newest_day_; }

 private:
  struct Statements;

  struct Nonces {
    std::int64_t last = 0;
    std::int64_t reserved = 0;  // the highest that the file covers
  };

  LedgerStore(base::Database database, std::unique_ptr<Statements> statements);
  base::Result<std::int64_t> read_used(const std::string& account, std::int64_t day);
  base::Result<Nonces> read_nonces(const std::string& account);
  base::Status reserve_nonces(const std::string& account, std::int64_t reserved);
  base::Status carry_over_nonces(const Move& move);
  base::Status run(base::Statement& statement, const std::string& account);

  base::Database database_;
  std::unique_ptr<Statements> statements_;  // goes before the database
  std::int64_t newest_day_ = 0;
  std::int64_t pruned_for_day_ = 0;
  std::map<std::string, Nonces, std::less<>> nonces_;
};

// Every row of the file, for whoever reports; also while a proxy writes it. not_found when there is
// none.
base::Result<std::vector<UsageRow>> read_usage(const std::string& path);

}  // namespace keyswap::limits
