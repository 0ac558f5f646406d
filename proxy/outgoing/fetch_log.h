// SPDX-License-Identifier: Apache-2.0
//
// Where a run's own records go: what was fetched from which source or minted, and what became of a
// rotation. Never a value.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "vault/source_table.h"
#include "vault/sources/run.h"

namespace keyswap::outgoing {

class FetchLog {
 public:
  FetchLog() = default;
  FetchLog(const FetchLog&) = delete;
  FetchLog& operator=(const FetchLog&) = delete;
  FetchLog(FetchLog&&) = delete;
  FetchLog& operator=(FetchLog&&) = delete;
  virtual ~FetchLog() = default;

  // A record of each. `done`: once, on any thread, maybe at once: are they durable?
  virtual void append(const vault::SourceSpec& spec,
                      std::vector<vault::FetchEvent> events,
                      std::int64_t took_us,
                      std::function<void(bool is_durable)> done) = 0;
};

}  // namespace keyswap::outgoing
