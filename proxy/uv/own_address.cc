// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/own_address.h"

#include <sys/socket.h>
#include <unistd.h>

#include "proxy/uv/address.h"

namespace keyswap::uv {

namespace {
constexpr std::uint16_t kAnyPort = 9;  // only the way there is asked for
}  // namespace

bool is_own_address(const std::string& address) {
  if (address.starts_with("127.")) {
    return true;  // all of it, though the kernel answers from one of them
  }
  sockaddr_storage there{};
  if (!to_sockaddr({address, kAnyPort}, there)) {
    return false;
  }
  const int socket = ::socket(there.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    return true;  // I12: out of descriptors, it may be
  }
  sockaddr_storage here{};
  socklen_t size = sizeof here;
  // What is ours is reached from itself.
  const bool is_found =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&there), size_of(there)) == 0 &&
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &size) == 0;
  ::close(socket);
  return is_found && from_sockaddr(reinterpret_cast<const sockaddr&>(here)).address ==
                         from_sockaddr(reinterpret_cast<const sockaddr&>(there)).address;
}

}  // namespace keyswap::uv
