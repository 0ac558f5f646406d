// SPDX-License-Identifier: Apache-2.0
//
// What a server has besides its loops (proxy/net/server.cc): what it looks at, where it listens,
// and what is read anew while it serves.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/net/listeners.h"
#include "proxy/net/management_listener.h"
#include "proxy/net/one_at_a_time.h"
#include "proxy/net/vault_watch.h"
#include "proxy/uv/timer.h"
#include "proxy/uv/watch.h"

namespace keyswap::net {

// What the first loop looks at besides its connections.
struct Watches {
  std::vector<std::unique_ptr<uv::SignalWatch>> signals;
  std::unique_ptr<uv::FolderWatch> home;
  std::unique_ptr<uv::Timer> housekeeping;
};

struct Doors {
  Listeners listeners;
  std::unique_ptr<ManagementListener> management;  // null: not asked for
};

struct Reloading {
  OneAtATime runs;
  std::mutex in_force;         // held while what is in force changes, or is held against the vault
  std::uint64_t policies = 0;  // put in force so far
  std::atomic<bool> is_refused = false;  // the file is another than what is approved (I17)
};

struct Refreshing {
  OneAtATime runs;
  VaultWatch watch;
};

}  // namespace keyswap::net
