// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/audit_lane.h"

#include <utility>

#include "proxy/net/real_value_mask.h"

namespace keyswap::net {

namespace {

void mask_texts(audit::DestinationRef& destination, RealValueMask& mask) {
  destination.host = mask(destination.host);
  destination.method = mask(destination.method);
  destination.path = mask(destination.path);
}

void mask_texts(audit::DecisionRecord& record, RealValueMask& mask) {
  mask_texts(record.destination, mask);
  record.facts = mask(record.facts);
  if (record.order) {
    record.order->symbol = mask(record.order->symbol);
    record.order->side = mask(record.order->side);
    record.order->type = mask(record.order->type);
  }
}

void mask_texts(audit::ResponseRecord& record, RealValueMask& mask) {
  record.facts = mask(record.facts);
}

void mask_texts(audit::ClientTlsFailedRecord& record, RealValueMask& mask) {
  record.host = mask(record.host);
}

void mask_texts(audit::HoneytokenRecord& record, RealValueMask& mask) {
  mask_texts(record.destination, mask);
}

void mask_texts(audit::RealSecretRecord& record, RealValueMask& mask) {
  mask_texts(record.destination, mask);
}

void mask_texts(audit::UpstreamClockRecord& record, RealValueMask& mask) {
  record.host = mask(record.host);
}

void mask_texts(audit::ModelUsageRecord& record, RealValueMask& mask) {
  record.model = mask(record.model);
}

// All of it are names of ours.
void mask_texts(audit::BudgetPassedRecord& /*record*/, RealValueMask& /*mask*/) {}

template <typename Record>
void add_masked(const Record& record, const flow::RealValues* real, audit::Batch& batch) {
  RealValueMask mask(real);
  if (!mask.is_needed()) {
    batch.add(record);
    return;
  }
  Record shown = record;
  mask_texts(shown, mask);
  batch.add(shown);
}

}  // namespace

void AuditLane::add(const audit::DecisionRecord& record) {
  const bool is_refusal =
      record.decision == audit::Decision::denied || record.decision == audit::Decision::refused;
  if (refusals_ != nullptr && is_refusal) {
    ++*refusals_;
  }
  counts_.add(record);
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::ResponseRecord& record) {
  counts_.add(record);
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::ClientTlsFailedRecord& record) {
  counts_.add_record();
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::HoneytokenRecord& record) {
  counts_.add_record();
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::RealSecretRecord& record) {
  counts_.add_record();
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::UpstreamClockRecord& record) {
  counts_.add_record();
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::ModelUsageRecord& record) {
  counts_.add_record();
  add_masked(record, real_, batch_);
}

void AuditLane::add(const audit::BudgetPassedRecord& record) {
  counts_.add_record();
  add_masked(record, real_, batch_);
}

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
