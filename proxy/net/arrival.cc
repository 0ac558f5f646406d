// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/arrival.h"

#include "proxy/uv/local_users.h"

namespace keyswap::net {

Arrival look_at_arrival(const Context& context, int socket) {
  Arrival arrival;
  arrival.socket = socket;
  arrival.user = context.clients.users->user_of(socket);
  arrival.is_own_user = uv::LocalUsers::is_own(arrival.user);
  if (arrival.is_own_user || context.policy.bindings->allow_users.has(arrival.user)) {
    arrival.has_room = true;
    return arrival;
  }
  arrival.place = context.strangers->take_place();
  arrival.has_room = arrival.place != nullptr;
  return arrival;
}

}  // namespace keyswap::net
