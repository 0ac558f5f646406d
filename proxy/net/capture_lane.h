// SPDX-License-Identifier: Apache-2.0
//
// One loop's way to what keeps captured values (vault/sources/capture.h): hands them to the engine
// of sources, on whose threads they are written down, and brings back whether they are. Exchanges
// wait; the loop does not. What an exchange has asked to be kept is kept whether it waits or not.
#pragma once

#include <functional>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/uv/loop.h"
#include "vault/sources/cache.h"
#include "vault/sources/capture.h"

namespace keyswap::net {

// Lives until the engine has been stopped.
class CaptureLane {
 public:
  // Called on the loop, once, in a later turn; at once where nothing can be kept.
  using Done = std::function<void(bool is_kept)>;

  // All outlive it. `engine`: null: nothing can be kept.
  CaptureLane(uv::Loop& loop, vault::Engine* engine, const base::Clock& clock)
      : loop_(&loop), engine_(engine), clock_(&clock) {}

  // At least one entry, each of another name. Who waits may be gone by the time it is done
  // (proxy/net/handle.h).
  void keep(std::vector<vault::CapturedEntry> entries, Done done);

 private:
  uv::Loop* loop_;
  vault::Engine* engine_;
  const base::Clock* clock_;
};

}  // namespace keyswap::net
