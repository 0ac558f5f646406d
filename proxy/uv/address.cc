// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/address.h"

#include <array>
#include <string>

#include <netinet/in.h>
#include <uv.h>

namespace keyswap::uv {

bool to_sockaddr(const Endpoint& endpoint, sockaddr_storage& out) {
  const char* text = endpoint.address.c_str();
  return uv_ip4_addr(text, endpoint.port, reinterpret_cast<sockaddr_in*>(&out)) == 0 ||
         uv_ip6_addr(text, endpoint.port, reinterpret_cast<sockaddr_in6*>(&out)) == 0;
}

Endpoint from_sockaddr(const sockaddr& address) {
  if (address.sa_family == AF_UNIX) {
    return {std::string(kUnixPeer), 0};
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    uv_ip4_name(v4, text.data(), text.size());
    return {text.data(), ntohs(v4->sin_port)};
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  uv_ip6_name(v6, text.data(), text.size());
  return {text.data(), ntohs(v6->sin6_port)};
}

socklen_t size_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

}  // namespace keyswap::uv
