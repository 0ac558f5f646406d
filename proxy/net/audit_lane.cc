// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/audit_lane.h"

#include <utility>

namespace keyswap::net {

void AuditLane::wait_for(Done done) {
  batch_.is_urgent = true;
  told_.push_back(std::move(done));
}

void AuditLane::hand_over() {
  // Who waits for a record that an earlier turn handed over has none in this one.
  if (batch_.empty() && told_.empty()) {
    return;
  }
  const bool is_awaited = !told_.empty();
  const std::uint64_t ticket = ++tickets_;
  if (is_awaited) {
    waiting_.push_back({ticket, std::exchange(told_, {})});
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
      const std::vector<Done> told = std::move(entry->told);
      waiting_.erase(entry);
      for (const Done& done : told) {
        done(durable);
      }
      return;
    }
  }
}

}  // namespace keyswap::net
