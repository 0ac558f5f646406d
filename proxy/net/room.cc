// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/room.h"

#include <algorithm>

#include "proxy/base/bounds.h"
#include "proxy/base/descriptors.h"
#include "proxy/net/listeners.h"
#include "proxy/net/loop_thread.h"
#include "proxy/net/server.h"

namespace keyswap::net {

namespace {

// What is opened before the first client comes: for each loop, and for all together (the first
// listener, signals, the home's watch).
constexpr std::size_t kOwnDescriptors = 12;
constexpr std::size_t kManagementDescriptors = 2;

}  // namespace

// What is not ours, and not reserved, is for clients, and as much for upstreams.
void share_descriptors(const ServerParts& parts, Room& room) {
  const std::size_t allowed = base::descriptors_allowed();
  const std::size_t listening = kOwnDescriptors +
                                (parts.listen.on.size() - 1) * Listeners::kDescriptors +
                                (parts.behind.manage ? kManagementDescriptors : 0);
  const std::size_t ours =
      base::descriptors_open() + listening + parts.threads * LoopThread::kDescriptors;
  room.clients_max = base::clients_that_fit(allowed, ours);
  const std::size_t others = ours + base::bounds::kDescriptorsReserved + room.clients_max;
  room.upstreams_max = std::clamp(
      allowed - std::min(allowed, others), room.clients_max, base::bounds::kUpstreamConnectionsMax);
}

}  // namespace keyswap::net
