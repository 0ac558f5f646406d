// SPDX-License-Identifier: Apache-2.0
//
// Socket addresses <-> text. Private to proxy/uv: nobody else sees a sockaddr.
#pragma once

#include <sys/socket.h>

#include "proxy/uv/tcp.h"

namespace keyswap::uv {

// false when the endpoint's address is not an IP literal.
bool to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out);
// A Unix socket's is kUnixPeer, whatever it is bound to.
Endpoint from_sockaddr(const sockaddr& address);
socklen_t size_of(const sockaddr_storage& address);

}  // namespace keyswap::uv
