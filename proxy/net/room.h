// SPDX-License-Identifier: Apache-2.0
//
// How many connections there may be, by the descriptors that this process may open (I10), and how
// many there are.
#pragma once

#include <atomic>
#include <cstddef>

namespace keyswap::net {

struct ServerParts;

struct Room {
  std::atomic<std::size_t> clients = 0;
  std::atomic<std::size_t> upstreams = 0;
  std::size_t clients_max = 0;
  std::size_t upstreams_max = 0;
};

// Sets the two bounds. Called before anything of the server is open.
void share_descriptors(const ServerParts& parts, Room& room);

}  // namespace keyswap::net
