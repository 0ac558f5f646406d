// SPDX-License-Identifier: Apache-2.0
//
// One record of the program's own, not of a request: made durable while its maker waits.
#pragma once

#include <cstdint>
#include <future>
#include <utility>

#include "audit/log.h"
#include "audit/sink.h"

namespace keyswap::net {

// For one record each; not on an event loop.
class RecordWaiter final : public audit::Listener {
 public:
  void batch_done(std::uint64_t /*ticket*/, bool durable) override { done_.set_value(durable); }

  // Is it durable?
  template <typename Record>
  bool record(audit::Log& to, const Record& record) {
    audit::Batch batch;
    batch.add(record);
    batch.is_urgent = true;
    auto done = done_.get_future();
    return to.append(std::move(batch), this, 0) && done.get();
  }

 private:
  std::promise<bool> done_;
};

}  // namespace keyswap::net
