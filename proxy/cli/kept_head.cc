// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/kept_head.h"

#include <utility>

#include "bindings/digest.h"
#include "proxy/base/bounds.h"
#include "proxy/base/log.h"
#include "proxy/cli/audit_place.h"

namespace keyswap::cli {

namespace log = base::log;

namespace {

// The home's own log is the same wherever the home is moved to; a path may be longer than a name.
std::string entry_of(const Home& home, const std::string& folder) {
  return is_log_of_home(home, folder) ? "audit-head" : "audit-head-" + bindings::sha256_hex(folder);
}

}  // namespace

base::Result<std::optional<audit::Head>> kept_head(const Home& home,
                                                   const std::string& folder,
                                                   const vault::Vault& vault) {
  const auto kept = vault.fetch_system(entry_of(home, folder));
  if (!kept) {
    return kept.error().code == base::Errc::not_found
               ? base::Result<std::optional<audit::Head>>(std::nullopt)
               : kept.error();
  }
  const auto head = audit::parse_head_line(kept->reveal());
  if (!head) {
    return base::Error{base::Errc::corrupt, "what the vault keeps of the audit log is no head"};
  }
  return head;
}

base::Status keep_head(const Home& home,
                       const std::string& folder,
                       vault::Vault& vault,
                       const audit::Head& head) {
  const auto value = vault::Secret::copy_of(audit::head_line(head));
  if (!value) {
    return value.error();
  }
  return vault.put_system(entry_of(home, folder), *value);
}

base::Status take_over_heads(const vault::Vault& from, vault::Vault& into) {
  for (const std::string& name : from.system_names("audit-folder-")) {
    const auto folder = from.fetch_system(name);
    if (!folder) {
      return folder.error();
    }
    KS_TRY(into.put_system(name, *folder));
  }
  if (const auto place = from.fetch_system(kAuditPlaceName)) {
    KS_TRY(into.put_system(kAuditPlaceName, *place));
  }
  for (const std::string& name : from.system_names("audit-head")) {
    const auto theirs = from.fetch_system(name);
    const auto ours = into.fetch_system(name);
    if (!theirs) {
      return theirs.error();
    }
    const auto newer = audit::parse_head_line(theirs->reveal());
    const auto older = ours ? audit::parse_head_line(ours->reveal()) : std::nullopt;
    const bool stays = newer && older && newer->log == older->log && newer->seq <= older->seq;
    KS_TRY(stays ? base::Status() : into.put_system(name, *theirs));
  }
  return {};
}

void HeadKeeper::keep() {
  const std::lock_guard guard(mutex_);
  const auto head = log_.head();
  if (!head || head == kept_) {
    return;
  }
  const std::int64_t now_us = clock_.steady_us();
  if (!moved_us_) {
    moved_us_ = now_us;
  }
  if (!tried_us_ || now_us - *tried_us_ >= base::bounds::kAuditHeadMs * 1000) {
    tried_us_ = now_us;
    if (const auto written = write(*head); !written) {
      tell(written.error());
    }
  }
  judge(now_us);
}

void HeadKeeper::keep_last() {
  const std::lock_guard guard(mutex_);
  const auto head = log_.head();
  if (!head || head == kept_) {
    return;
  }
  if (const auto written = write(*head); !written) {
    log::line(log::Level::warning,
              "the audit log's last head could not be kept in the vault: what is cut off the log "
              "behind the one before it is not seen",
              written.error());
  }
}

base::Status HeadKeeper::write(const audit::Head& head) {
  KS_TRY(keep_head(home_, folder_, vault_, head));
  kept_ = head;
  moved_us_.reset();
  is_told_ = false;
  return {};
}

// For want of a descriptor, or while another writes, the next second will do.
void HeadKeeper::tell(const base::Error& error) {
  const bool passes = error.code == base::Errc::unavailable || error.code == base::Errc::locked;
  if (!passes && !std::exchange(is_told_, true)) {
    log::line(log::Level::warning,
              "the audit log's head cannot be kept in the vault: until it is, what is cut off the "
              "log is not seen",
              error);
  }
}

// I13: what passes by itself does not last.
void HeadKeeper::judge(std::int64_t now_us) {
  const bool was_late = is_late_;
  is_late_ = moved_us_ && now_us - *moved_us_ > base::bounds::kAuditHeadLateMs * 1000;
  if (is_late_ == was_late) {
    return;
  }
  vault_.set_locked(vault::LockedFor::head, is_late_);
  if (is_late_) {
    log::line(log::Level::warning,
              "the audit log's head could not be kept in the vault for too long: no secret is "
              "used, and no caller's token counts, until it is");
  } else {
    log::line(log::Level::info, "the audit log's head is kept in the vault again");
  }
}

}  // namespace keyswap::cli
