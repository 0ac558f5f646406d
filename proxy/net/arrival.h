// SPDX-License-Identifier: Apache-2.0
//
// A client that was just accepted: whose it is, and whether there is room for it (I10). Users who
// may not come without a token share a few places among them (bounds::kStrangersShare), until a
// token proves that they may: a neighbour who opens connections and says nothing leaves the others
// to those whom the proxy is for.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/net/context.h"
#include "proxy/net/strangers.h"

namespace keyswap::net {

struct Arrival {
  int socket = -1;                    // the receiver owns it
  std::optional<std::uint32_t> user;  // of this machine, as the kernel knows it
  bool is_own_user = false;           // it is the one that keyswap runs as
  bool has_room = false;
  StrangerPlace place;  // null for those who need none
};

// On the loop's thread.
Arrival look_at_arrival(const Context& context, int socket);

}  // namespace keyswap::net
