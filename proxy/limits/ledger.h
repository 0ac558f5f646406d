// SPDX-License-Identifier: Apache-2.0
//
// The only writer of limits.db: what was used of quotas and daily volumes, and the nonces. One
// thread takes every claim that waits, decides them one after the other, commits once, then
// answers: concurrent claims never exceed a cap together, and what was granted survives the process
// (I6's way, for amounts). A call that was granted and then not made may be given back.
//
// Fails closed (I13): when the file cannot be written every claim is answered `unavailable`. What
// passes (a full disk, a lock that does not go away, no descriptor or memory, a disk mounted to
// read) is tried again with the next claim; after a failed write or sync, damage, or when the file
// was replaced the ledger is dead until the process is started anew. The descriptors that a commit
// takes are held ahead, so that connections cannot use them up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/limits/ledger_store.h"

namespace keyswap::limits {

// All of it is granted, or nothing.
struct Claim {
  std::vector<Demand> demands;
  std::string nonce_account;  // "": no nonce is wanted
  std::int64_t wall_us = 0;
};

enum class ClaimOutcome : std::uint8_t {
  granted,
  refused,      // a cap would be exceeded
  unavailable,  // nobody knows: the file cannot be written
};

struct ClaimAnswer {
  ClaimOutcome outcome = ClaimOutcome::unavailable;
  std::size_t refused = 0;     // which demand, when refused
  std::int64_t day = 0;        // what was granted is counted for
  std::int64_t resets_us = 0;  // wall clock: when that day ends
  std::uint64_t nonce = 0;     // if granted and wanted
};

// Called on the ledger's thread, once.
using ClaimCallback = std::function<void(const ClaimAnswer&)>;

class Ledger {
 public:
  // As LedgerStore::open; unavailable when the thread cannot be started.
  static base::Result<std::unique_ptr<Ledger>> open(const std::string& path);

  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  Ledger(Ledger&&) = delete;
  Ledger& operator=(Ledger&&) = delete;
  ~Ledger();

  // Thread-safe; also from a callback. false: too many wait, or there is no more ledger; the
  // callback is not called then.
  [[nodiscard]] bool reserve(Claim claim, ClaimCallback callback);

  // Takes `amount` back from what the account used on `day` (ClaimAnswer::day), at most down to 0.
  // Thread-safe. When it is lost (a full queue, a dead ledger, a crash) the amount stays counted.
  void release(std::string account, std::int64_t day, std::int64_t amount);

  // What was counted under a name of an earlier version counts under today's, before the next claim
  // is decided. Thread-safe.
  void carry_over(std::vector<Move> moves);

  // Answers what waits and ends the thread; later claims are not taken.
  void close();

  [[nodiscard]] bool is_dead() const;

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace keyswap::limits
