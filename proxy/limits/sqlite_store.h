// SPDX-License-Identifier: Apache-2.0
//
// The amounts in limits.db (proxy/limits/ledger_file.h). A round is one transaction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/base/sqlite.h"
#include "proxy/limits/ledger_file.h"
#include "proxy/limits/store.h"

namespace keyswap::limits {

class SqliteStore final : public Store {
 public:
  // Opens the file or makes it; fails as LedgerFile::open does.
  static base::Result<std::unique_ptr<SqliteStore>> open(const std::string& path);

  explicit SqliteStore(LedgerFile file) : file_(std::move(file)) {}

  base::Status begin() override;
  base::Result<ClaimAnswer> reserve(const Claim& claim) override;
  base::Status settle(const Settlement& settlement) override;
  base::Status carry_over(const Move& move) override;
  base::Status commit() override;
  void roll_back() override;

  base::Result<std::vector<UsageRow>> read() override;

  [[nodiscard]] std::int64_t newest_day() const override { return file_.newest_day(); }

 private:
  base::Status grant(const Claim& claim, ClaimAnswer& answer);

  LedgerFile file_;
  std::optional<base::Transaction> round_;
};

// Every row of the file, also while a proxy writes it. not_found when there is none.
base::Result<std::vector<UsageRow>> read_usage(const std::string& path);

// For a backup: the bytes of the file as it is. not_found when there is none.
base::Result<std::string> copy_usage(const std::string& path);
// What the other file counted more than this one counts in this one from now on, durably. `path` is
// made if it is not there; not_found if `other` is not.
base::Status keep_larger_usage(const std::string& path, const std::string& other);

}  // namespace keyswap::limits
