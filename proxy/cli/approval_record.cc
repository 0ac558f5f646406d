// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/approval_record.h"

#include "proxy/cli/approval.h"
#include "proxy/cli/audit_place.h"
#include "proxy/cli/record_at_rest.h"
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
  // Nothing is served, whether it is written or not.
  static_cast<void>(record_at_rest(
      home, audit_place(home, approved->bindings), vault, clock, [&](audit::Log& log) {
        record_approval(log, refused, clock);
        return true;
      }));
}

}  // namespace keyswap::cli
