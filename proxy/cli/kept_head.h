// SPDX-License-Identifier: Apache-2.0
//
// The heads of audit logs that the vault keeps, one for each folder in which a log was begun
// (audit/head.h). Somebody who can write the folder, and knows no passphrase, can then not remove
// the log or set it back unseen (I7).
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "audit/log.h"
#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/cli/home.h"
#include "vault/vault.h"

namespace keyswap::cli {

// Nothing if none was kept yet; corrupt if what is kept is no head.
base::Result<std::optional<audit::Head>> kept_head(const Home& home,
                                                   const std::string& folder,
                                                   const vault::Vault& vault);

// Durable when it returns.
base::Status keep_head(const Home& home,
                       const std::string& folder,
                       vault::Vault& vault,
                       const audit::Head& head);

// For a vault that is put back: what `from`, which it takes the place of, knows of logs that were
// begun, and how far they reached, `into` knows too. A head of `into` that is further stays.
base::Status take_over_heads(const vault::Vault& from, vault::Vault& into);

// Keeps the head of a log that is being written, behind it. Thread-safe.
class HeadKeeper {
 public:
  // All of them outlive it.
  HeadKeeper(const Home& home,
             std::string folder,
             vault::Vault& vault,
             const audit::Log& log,
             const base::Clock& clock)
      : home_(home), folder_(std::move(folder)), vault_(vault), log_(log), clock_(clock) {}

  // To be called about twice a second. One transaction of the vault if the log's head moved, and
  // the last was long enough ago (bounds::kAuditHeadMs). A failure is tried again; one that does
  // not pass by itself is told once as long as it lasts. While the head is later than
  // bounds::kAuditHeadLateMs the vault is locked, which is told: records that nothing holds the log
  // to could be cut off it unseen.
  void keep();
  // The same without the wait, for the log's end; any failure is told.
  void keep_last();

 private:
  base::Status write(const audit::Head& head);
  void tell(const base::Error& error);
  void judge(std::int64_t now_us);

  const Home& home_;
  std::string folder_;
  vault::Vault& vault_;
  const audit::Log& log_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::optional<audit::Head> kept_;  // guarded by mutex_, as what follows
  std::optional<std::int64_t> tried_us_;
  std::optional<std::int64_t> moved_us_;  // when the head was first seen that is not kept yet
  bool is_told_ = false;
  bool is_late_ = false;
};

}  // namespace keyswap::cli
