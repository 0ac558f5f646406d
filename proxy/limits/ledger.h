// SPDX-License-Identifier: Apache-2.0
//
// The only writer of a store (proxy/limits/store.h): what was used of quotas and daily volumes, and
// the nonces. One thread takes every claim that waits, decides them one after the other, commits
// once, then answers: concurrent claims never exceed a cap together, and what was granted survives
// the process (I6's way, for amounts). A call that was granted and then not made may be given back.
//
// Fails closed (I13): when the file cannot be written every claim is answered `unavailable`. What
// passes (a full disk, a lock that does not go away, no descriptor or memory, a disk mounted to
// read) is tried again with the next claim; after a failed write or sync, damage, or when the file
// was replaced the ledger is dead until the process is started anew. The descriptors that a commit
// takes are held ahead, so that connections cannot use them up.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/limits/store.h"

namespace keyswap::limits {

// Called on the ledger's thread, once.
using ClaimCallback = std::function<void(const ClaimAnswer&)>;

class Ledger {
 public:
  // Of limits.db; fails as SqliteStore::open does, or as below.
  static base::Result<std::unique_ptr<Ledger>> open(const std::string& path);
  // unavailable when the thread cannot be started.
  static base::Result<std::unique_ptr<Ledger>> open(std::unique_ptr<Store> store);

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
  // The same, also of a minute, and below 0: what was used is more than was claimed. As much more
  // may wait than claims do, so that claims do not keep it out.
  void settle(Settlement settlement);

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
