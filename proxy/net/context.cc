// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/context.h"

#include "proxy/net/audit_lane.h"

namespace keyswap::net {

void Context::end_turn() {
  turn_.run_deferred();
  audit->hand_over();
  turn_.destroy_dead();
}

}  // namespace keyswap::net
