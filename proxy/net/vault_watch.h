// SPDX-License-Identifier: Apache-2.0
//
// Watches over the vault's file while it serves: takes over what commands changed in it, locks the
// vault while the file could not be read for too long (I13: what was taken back in it must not go
// on because somebody holds the file), and tells what locks the vault.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "audit/record.h"
#include "proxy/base/clock.h"
#include "vault/vault.h"

namespace keyswap::net {

class VaultWatch {
 public:
  // What locks the vault now, each time that this changes; nothing: it is open.
  using Told = std::function<void(std::optional<audit::VaultFault> why)>;

  // Both outlive this.
  VaultWatch(vault::Vault& vault, const base::Clock& clock, Told told);

  // Off the loops, by one thread at a time. False: nothing was read, and why is said on stderr,
  // once as long as it lasts.
  bool read();

  // From any thread, often, each time before a reading is asked for: locks the vault once the first
  // of them that nothing came of is bounds::kVaultUnreadMs old. While none is asked for, because
  // the proxy starts or the machine stood still, that says nothing of the file.
  void judge();

  // As read(), behind all that may have locked the vault or opened it.
  void tell();

 private:
  void note_failure(const base::Error& error);

  vault::Vault& vault_;
  const base::Clock& clock_;
  Told told_;
  static constexpr std::int64_t kNever = -1;

  std::atomic<std::int64_t> unread_since_us_ = kNever;  // steady
  bool is_failing_ = false;                             // of the thread that reads, as what follows
  std::optional<audit::VaultFault> why_;
};

}  // namespace keyswap::net
