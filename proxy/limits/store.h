// SPDX-License-Identifier: Apache-2.0
//
// Where amounts are kept: what was used of each account on each UTC day, and up to which number
// nonces were given out. The ledger (proxy/limits/ledger.h) asks for it on its own thread, so a
// store may take its time. The one there is today is SqliteStore.
//
// A round is: begin, any of the steps, commit; all of it is durable then. After an error, of any of
// them, nothing of the round counts: roll_back, and the next round may begin.
//
// Amounts are whole numbers: requests for quotas, 10^-8 USD for volumes, 10^-6 USD and tokens for
// budgets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/base/result.h"

namespace keyswap::limits {

// What one account used on one day (days since 1970).
struct UsageRow {
  std::string account;
  std::int64_t day = 0;
  std::int64_t used = 0;
};

// For how long an amount counts.
enum class Window : std::uint8_t { day, minute };

// What an account whose window is a minute used, as the one number of its row: which minute of the
// day, and how much in it.
struct MinuteUse {
  std::int64_t minute = 0;
  std::int64_t used = 0;

  static MinuteUse of(std::int64_t kept);
  [[nodiscard]] std::int64_t kept() const;
};

// A part of a claim: may `amount` be added to what `account` used in this window?
struct Demand {
  std::string account;
  std::int64_t amount = 0;
  std::int64_t cap = 0;
  Window window = Window::day;
  bool is_soft = false;  // it is granted past its cap, too, and that is told
};

// All of it is granted, or nothing.
struct Claim {
  std::vector<Demand> demands;
  std::string nonce_account;  // "": no nonce is wanted
  std::int64_t wall_us = 0;
};

enum class ClaimOutcome : std::uint8_t {
  granted,
  refused,      // a cap would be exceeded
  unavailable,  // nobody knows: what is kept cannot be written
};

struct ClaimAnswer {
  ClaimOutcome outcome = ClaimOutcome::unavailable;
  std::size_t refused = 0;                 // which demand, when refused
  std::vector<std::size_t> past_cap = {};  // which soft demands are, when granted
  std::int64_t minute = 0;                 // of the day: likewise, of a demand for a minute
  std::int64_t day = 0;                    // what was granted is counted for
  std::int64_t resets_us = 0;  // wall clock: when that day ends, or the minute that was refused
  std::uint64_t nonce = 0;     // if granted and wanted
};

// Taken back from what the account used on that day, at most down to 0; below 0: added to it. Of a
// minute that is over nothing is.
struct Settlement {
  std::string account;
  std::int64_t day = 0;  // ClaimAnswer::day
  std::int64_t amount = 0;
  Window window = Window::day;
  std::int64_t minute = 0;  // ClaimAnswer::minute
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
// The minute of its day; when it ends.
std::int64_t minute_of(std::int64_t wall_us);
std::int64_t end_of_minute_us(std::int64_t wall_us);

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  Store(Store&&) = delete;
  Store& operator=(Store&&) = delete;
  virtual ~Store() = default;

  virtual base::Status begin() = 0;
  // granted or refused, counted for the day of the claim, which is never an earlier one than ever
  // before: a clock that is set back gives nothing out again. A nonce is higher than any before for
  // its account, also by an earlier process; the time, if that is.
  virtual base::Result<ClaimAnswer> reserve(const Claim& claim) = 0;
  virtual base::Status settle(const Settlement& settlement) = 0;
  // Adds what `from` used, each day, and its nonces, to the others; it is empty then.
  virtual base::Status carry_over(const Move& move) = 0;
  virtual base::Status commit() = 0;
  virtual void roll_back() = 0;

  // Every row there is, for whoever reports; outside of a round.
  virtual base::Result<std::vector<UsageRow>> read() = 0;

  // The newest day that was ever counted for.
  [[nodiscard]] virtual std::int64_t newest_day() const = 0;
};

}  // namespace keyswap::limits
