// SPDX-License-Identifier: Apache-2.0
//
// Runs' records into the audit log: a batch for each append, told on once it is durable, or never
// will be (I6).
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/sink.h"
#include "proxy/base/clock.h"
#include "proxy/outgoing/fetch_log.h"

namespace keyswap::outgoing {

// What people and records are shown of a source's own version: a vendor's may be anything, a
// secret's part included, and its digest tells versions apart. "" of "".
std::string shown_version(const std::string& version);

// Thread-safe. The sink tells it of each batch: it lives until it has.
class AuditFetchLog final : public FetchLog, public audit::Listener {
 public:
  // Both outlive it.
  AuditFetchLog(audit::Sink& sink, const base::Clock& clock) : sink_(&sink), clock_(&clock) {}

  void append(const vault::SourceSpec& spec,
              std::vector<vault::FetchEvent> events,
              std::int64_t took_us,
              std::function<void(bool is_durable)> done) override;

  void batch_done(std::uint64_t ticket, bool durable) override;

 private:
  std::function<void(bool is_durable)> take(std::uint64_t ticket);

  audit::Sink* sink_;
  const base::Clock* clock_;
  std::mutex mutex_;
  std::uint64_t tickets_ = 0;                                             // guarded by mutex_
  std::unordered_map<std::uint64_t, std::function<void(bool)>> waiting_;  // guarded by mutex_
};

}  // namespace keyswap::outgoing
