// SPDX-License-Identifier: Apache-2.0
#include "proxy/audit_lane.h"

#include <utility>

namespace keyswap::proxy {

AuditLane::AuditLane(uv::Loop& loop, audit::Sink& log, Done done)
    : loop_(&loop), log_(&log), done_(std::move(done)) {}

void AuditLane::wait_for(std::uint64_t id) {
  batch_.is_urgent = true;
  ids_.push_back(id);
}

void AuditLane::hand_over() {
  if (batch_.empty()) {
    return;
  }
  const bool is_awaited = !ids_.empty();
  const std::uint64_t ticket = ++tickets_;
  if (is_awaited) {
    waiting_.push_back({ticket, std::exchange(ids_, {})});
  }
  if (!log_->append(std::exchange(batch_, {}), is_awaited ? this : nullptr, ticket) && is_awaited) {
    batch_done(ticket, false);
  }
}

void AuditLane::batch_done(std::uint64_t ticket, bool durable) {
  loop_->post([this, ticket, durable] { release(ticket, durable); });
}

void AuditLane::release(std::uint64_t ticket, bool durable) {
  // The writer answers in order; a batch it refused was answered by hand_over, maybe ahead of it.
  for (auto entry = waiting_.begin(); entry != waiting_.end(); ++entry) {
    if (entry->ticket == ticket) {
      const std::vector<std::uint64_t> ids = std::move(entry->ids);
      waiting_.erase(entry);
      for (const std::uint64_t id : ids) {
        done_(id, durable);
      }
      return;
    }
  }
}

}  // namespace keyswap::proxy
