// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/vault_watch.h"

#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/log.h"

namespace keyswap::net {

namespace log = base::log;

using audit::VaultFault;
using vault::FileFault;
using vault::LockedFor;

namespace {

std::optional<VaultFault> what_locks(const vault::Vault& vault) {
  switch (vault.file_fault()) {
    case FileFault::replaced:
      return VaultFault::replaced;
    case FileFault::older:
      return VaultFault::older;
    case FileFault::damaged:
      return VaultFault::damaged;
    case FileFault::unreadable:
      return VaultFault::unreadable;
    case FileFault::none:
      break;
  }
  if (vault.is_locked_for(LockedFor::unread)) {
    return VaultFault::unread;
  }
  if (vault.is_locked_for(LockedFor::policy)) {
    return VaultFault::not_approved;
  }
  return vault.is_locked_for(LockedFor::head) ? std::optional(VaultFault::head_not_kept)
                                              : std::nullopt;
}

}  // namespace

VaultWatch::VaultWatch(vault::Vault& vault, const base::Clock& clock, Told told)
    : vault_(vault), clock_(clock), told_(std::move(told)) {}

bool VaultWatch::read() {
  const base::Status refreshed = vault_.refresh();
  if (!refreshed) {
    note_failure(refreshed.error());
    return false;
  }
  unread_since_us_ = kNever;
  vault_.set_locked(LockedFor::unread, false);
  if (std::exchange(is_failing_, false)) {
    log::line(log::Level::info, "the vault's file can be read again");
  }
  return true;
}

// Twice a second is too often to say that a failure lasts.
void VaultWatch::note_failure(const base::Error& error) {
  if (std::exchange(is_failing_, true)) {
    return;
  }
  log::line(log::Level::warning,
            vault_.file_fault() == FileFault::none
                ? base::Note("the vault's file cannot be read anew; if that lasts, no secret is "
                             "used, and no caller's token counts")
                : base::Note("the vault's file is not what was opened: no secret is used, and no "
                             "caller's token counts, until it is put back or the proxy is "
                             "started anew"),
            error);
}

void VaultWatch::judge() {
  const std::int64_t now_us = clock_.steady_us();
  std::int64_t since_us = kNever;
  const bool is_first = unread_since_us_.compare_exchange_strong(since_us, now_us);
  if (!is_first && now_us - since_us > base::bounds::kVaultUnreadMs * 1000) {
    vault_.set_locked(LockedFor::unread, true);
  }
}

void VaultWatch::tell() {
  const auto why = what_locks(vault_);
  if (std::exchange(why_, why) == why) {
    return;
  }
  if (why == VaultFault::unread) {
    log::line(log::Level::warning,
              "the vault's file could not be read for too long: no secret is used, and no caller's "
              "token counts, until it can be read");
  }
  told_(why);
}

}  // namespace keyswap::net
