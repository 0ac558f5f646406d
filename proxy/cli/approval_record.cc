// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approval_record.h"

#include <filesystem>
#include <system_error>

#include "proxy/cli/approval.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/kept_head.h"
#include "proxy/cli/serve_parts.h"
#include "proxy/net/record_waiter.h"

namespace keyswap::cli {

void record_approval(audit::Log& log, const net::ApprovalNote& note, const base::Clock& clock) {
  net::RecordWaiter recorded;
  static_cast<void>(
      recorded.record(log,
                      audit::ApprovalRecord{.ts_us = clock.wall_us(),
                                            .event = note.event,
                                            .number = note.number,
                                            .bindings_sha256 = note.bindings_sha256}));
}

void record_refused_start(const Home& home,
                          const std::string& file,
                          vault::Vault& vault,
                          const net::ApprovalNote& refused,
                          const base::Clock& clock) {
  const auto approval = vault::read_approval(vault);
  if (!approval || !approval->has_value()) {
    return;
  }
  const auto approved = approved_bindings(home, **approval, file);
  if (!approved || !approved->errors.empty()) {
    return;
  }
  const AuditPlace place = audit_place(home, approved->bindings);
  const std::string& folder = place.folder;
  std::error_code ignored;
  // I7: nor is a log begun where one was lost.
  if (!std::filesystem::is_directory(folder, ignored) || lost_audit_folder(home, place, vault)) {
    return;
  }
  if (auto log = open_audit_log(home, folder, vault, clock)) {
    record_approval(*log->log, refused, clock);
    log->log->close();
    if (const auto head = log->log->head()) {
      // I7: who had the file changed could else cut the record off. Nothing is served, if it fails.
      static_cast<void>(keep_head(home, folder, vault, *head));
      static_cast<void>(remember_audit_folder(home, place, vault));
    }
  }
}

}  // namespace keyswap::cli
