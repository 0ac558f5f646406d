// SPDX-License-Identifier: Apache-2.0
//
// Records of the program's own, not of a request: made durable while their maker waits, or not.
#pragma once

#include <cstdint>
#include <future>
#include <utility>

#include "audit/log.h"
#include "audit/sink.h"
#include "proxy/base/log.h"

namespace keyswap::net {

// Hands a record over and does not wait for it. False: the log does not take records.
template <typename Record>
bool hand_over(audit::Log& to, const Record& record, audit::Listener* listener = nullptr) {
  audit::Batch batch;
  batch.add(record);
  batch.is_urgent = true;
  return to.append(std::move(batch), listener, 0);
}

inline void tell_no_records() {
  base::log::line(base::log::Level::error,
                  "the audit log does not take records: requests are refused");
}

// As hand_over(); where the log does not take it, stderr says so.
template <typename Record>
void record_or_tell(audit::Log& to, const Record& record) {
  if (!hand_over(to, record)) {
    tell_no_records();
  }
}

// For one record each; not on an event loop, and with nothing held that another waits for: it takes
// as long as the disk does.
class RecordWaiter final : public audit::Listener {
 public:
  void batch_done(std::uint64_t /*ticket*/, bool durable) override { done_.set_value(durable); }

  // record() in two steps: what is asked for is waited for.
  template <typename Record>
  [[nodiscard]] bool ask(audit::Log& to, const Record& record) {
    return hand_over(to, record, this);
  }

  [[nodiscard]] bool is_durable() { return done_.get_future().get(); }

  // Is it durable?
  template <typename Record>
  bool record(audit::Log& to, const Record& record) {
    return ask(to, record) && is_durable();
  }

 private:
  std::promise<bool> done_;
};

}  // namespace keyswap::net
