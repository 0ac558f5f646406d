// SPDX-License-Identifier: Apache-2.0
//
// One loop's way to the audit log: gathers the records of a turn into one batch, hands it to the
// writer at the turn's end, and tells those who wait once it is durable (I6). Requests wait; the
// loop does not. What a record shows of a client's texts is masked here (I1).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "audit/record.h"
#include "audit/sink.h"
#include "audit/spend_record.h"
#include "proxy/flow/real_values.h"
#include "proxy/services/counts.h"
#include "proxy/uv/loop.h"

namespace keyswap::net {

// The log tells it of each batch that somebody waits for; it must live until then.
class AuditLane final : public audit::Listener {
 public:
  // Called on the loop. Whoever waits may be gone by then (proxy/net/handle.h).
  using Done = std::function<void(bool is_durable)>;

  // These outlive it. `real`: no record shows one of these; null: none is known. `refusals` counts
  // the decisions that are refusals; null: nobody asks.
  AuditLane(uv::Loop& loop,
            audit::Sink& log,
            const flow::RealValues* real = nullptr,
            std::atomic<std::uint64_t>* refusals = nullptr)
      : loop_(&loop), log_(&log), real_(real), refusals_(refusals) {}

  // Adds a record that nobody waits for.
  void add(const audit::DecisionRecord& record);
  void add(const audit::ResponseRecord& record);
  void add(const audit::ClientTlsFailedRecord& record);
  void add(const audit::HoneytokenRecord& record);
  void add(const audit::RealSecretRecord& record);
  void add(const audit::UpstreamClockRecord& record);
  void add(const audit::ModelUsageRecord& record);
  void add(const audit::BudgetPassedRecord& record);

  // Calls `done` once everything added so far is durable, or never will be.
  void wait_for(Done done);

  // Gives the turn's batch to the writer.
  void hand_over();

  [[nodiscard]] bool is_dead() const { return log_->is_dead(); }

  // Of what was added; any thread may read it.
  [[nodiscard]] const services::Counts& counts() const { return counts_; }

  void batch_done(std::uint64_t ticket, bool durable) override;

 private:
  struct Waiting {
    std::uint64_t ticket = 0;
    std::vector<Done> told;
  };

  void release(std::uint64_t ticket, bool durable);

  uv::Loop* loop_;
  audit::Sink* log_;
  const flow::RealValues* real_;
  std::atomic<std::uint64_t>* refusals_;
  services::Counts counts_;
  audit::Batch batch_;
  std::vector<Done> told_;       // that wait for batch_
  std::deque<Waiting> waiting_;  // batches handed over, oldest first
  std::uint64_t tickets_ = 0;
};

}  // namespace keyswap::net
