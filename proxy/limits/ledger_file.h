// SPDX-License-Identifier: Apache-2.0
//
// The file limits.db: what was used of each account on each UTC day, and up to which number nonces
// were given out. For proxy/limits/sqlite_store.cc; nothing in it waits but for the disk. A round
// is: begin, any of the steps, commit; durable then. After an error nothing of the round counts,
// and forget_round() makes the file as it was.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/base/sqlite.h"
#include "proxy/limits/store.h"

namespace keyswap::limits {

class LedgerFile {
 public:
  LedgerFile(const LedgerFile&) = delete;
  LedgerFile& operator=(const LedgerFile&) = delete;
  LedgerFile(LedgerFile&&) noexcept;
  LedgerFile& operator=(LedgerFile&&) = delete;
  ~LedgerFile();

  // Opens the file, or makes it (mode 0600, durable with its name). corrupt, permission, io: as
  // base::Database::open; corrupt too when its tables are not ours; unsupported for another
  // version's.
  static base::Result<LedgerFile> open(const std::string& path);
  // To read alone, also while another process writes it. not_found when there is none.
  static base::Result<LedgerFile> open_to_read(const std::string& path);

  // io once the path does not name this file any more: what would be counted in it is lost with it.
  base::Result<base::Transaction> begin();

  // The day that is counted for at `wall_us`: never an earlier one than ever before, so that a
  // clock that is set back gives nothing out again.
  base::Result<std::int64_t> enter_day(std::int64_t wall_us);
  // Does what the account used on `day` (or in that minute of it) leave room for the demand?
  base::Result<bool> has_room(const Demand& demand, std::int64_t day, std::int64_t minute = 0);
  // Adds (or, below 0, takes away, at most down to 0) `amount`.
  base::Status add(const std::string& account, std::int64_t day, std::int64_t amount);
  // The same of what it used in a minute: which one it was counted for, never an earlier one than
  // before.
  base::Result<std::int64_t> add_in_minute(const std::string& account,
                                           std::int64_t day,
                                           std::int64_t minute,
                                           std::int64_t amount);
  // Nothing changes where another minute is counted already.
  base::Status settle_in_minute(const Settlement& settlement);
  // Higher than any before for this account, also by an earlier process; the time, if that is.
  base::Result<std::uint64_t> next_nonce(const std::string& account, std::int64_t wall_us);

  // Adds what `from` used, each day, and its nonces, to the others; it is empty then.
  base::Status carry_over(const Move& move);

  // Of each account and day, and of its nonces, what is more in `other` counts from now on.
  base::Status take_larger(LedgerFile& other);

  void forget_round();

  // Every row.
  base::Result<std::vector<UsageRow>> read();

  // The newest day in the file.
  [[nodiscard]] std::int64_t newest_day() const { return newest_day_; }

 private:
  struct Statements;

  struct Nonces {
    std::int64_t last = 0;
    std::int64_t reserved = 0;  // the highest that the file covers
  };

  LedgerFile(base::Database database, std::unique_ptr<Statements> statements);
  static base::Result<LedgerFile> of(base::Database database);
  base::Result<std::int64_t> read_used(const std::string& account, std::int64_t day);
  base::Status write_used(const std::string& account, std::int64_t day, std::int64_t used);
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

}  // namespace keyswap::limits
