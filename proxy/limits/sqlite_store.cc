// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/sqlite_store.h"

namespace keyswap::limits {

using base::Result;
using base::Status;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path) {
  auto file = LedgerFile::open(path);
  if (!file) {
    return file.error();
  }
  return std::make_unique<SqliteStore>(std::move(*file));
}

Status SqliteStore::begin() {
  auto transaction = file_.begin();
  if (!transaction) {
    return transaction.error();
  }
  round_.emplace(std::move(*transaction));
  return {};
}

Result<ClaimAnswer> SqliteStore::reserve(const Claim& claim) {
  const auto day = file_.enter_day(claim.wall_us);
  if (!day) {
    return day.error();
  }
  ClaimAnswer answer;
  answer.day = *day;
  answer.resets_us = end_of_day_us(*day);
  answer.minute = minute_of(claim.wall_us);
  for (std::size_t i = 0; i < claim.demands.size(); ++i) {
    const auto has_room = file_.has_room(claim.demands[i], *day, answer.minute);
    if (!has_room) {
      return has_room.error();
    }
    if (!*has_room && claim.demands[i].is_soft) {
      answer.past_cap.push_back(i);
    } else if (!*has_room) {
      if (claim.demands[i].window == Window::minute) {
        answer.resets_us = end_of_minute_us(claim.wall_us);
      }
      answer.outcome = ClaimOutcome::refused;
      answer.refused = i;
      return answer;
    }
  }
  KS_TRY(grant(claim, answer));
  return answer;
}

Status SqliteStore::grant(const Claim& claim, ClaimAnswer& answer) {
  for (const Demand& demand : claim.demands) {
    if (demand.window == Window::day) {
      KS_TRY(file_.add(demand.account, answer.day, demand.amount));
      continue;
    }
    const auto minute =
        file_.add_in_minute(demand.account, answer.day, answer.minute, demand.amount);
    if (!minute) {
      return minute.error();
    }
    answer.minute = *minute;
  }
  if (!claim.nonce_account.empty()) {
    const auto nonce = file_.next_nonce(claim.nonce_account, claim.wall_us);
    if (!nonce) {
      return nonce.error();
    }
    answer.nonce = *nonce;
  }
  answer.outcome = ClaimOutcome::granted;
  return {};
}

Status SqliteStore::settle(const Settlement& settlement) {
  if (settlement.window == Window::minute) {
    return file_.settle_in_minute(settlement);
  }
  return file_.add(settlement.account, settlement.day, -settlement.amount);
}

Status SqliteStore::carry_over(const Move& move) {
  return file_.carry_over(move);
}

Status SqliteStore::commit() {
  const auto committed = round_->commit();
  if (committed) {
    round_.reset();
  }
  return committed;
}

// In this order, as before: the transaction goes first.
void SqliteStore::roll_back() {
  round_.reset();
  file_.forget_round();
}

Result<std::vector<UsageRow>> SqliteStore::read() {
  return file_.read();
}

Result<std::vector<UsageRow>> read_usage(const std::string& path) {
  auto file = LedgerFile::open_to_read(path);
  if (!file) {
    return file.error();
  }
  return SqliteStore(std::move(*file)).read();
}

Result<std::string> copy_usage(const std::string& path) {
  auto database = base::Database::open(path, base::Database::Mode::read_write);
  if (!database) {
    return database.error();
  }
  return database->copy();
}

Status keep_larger_usage(const std::string& path, const std::string& other) {
  auto from = LedgerFile::open_to_read(other);
  if (!from) {
    return from.error();
  }
  auto file = LedgerFile::open(path);
  if (!file) {
    return file.error();
  }
  auto round = file->begin();
  if (!round) {
    return round.error();
  }
  KS_TRY(file->take_larger(*from));
  return round->commit();
}

}  // namespace keyswap::limits
