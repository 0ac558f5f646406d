// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/systemd_notify.h"

#include <cstddef>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>

#include "proxy/cli/files.h"

namespace keyswap::cli {

void notify_systemd(const std::string& socket_name, std::string_view state) {
  sockaddr_un address{};
  if (socket_name.size() < 2 || socket_name.size() >= sizeof address.sun_path ||
      (socket_name.front() != '/' && socket_name.front() != '@')) {
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_name.data(), socket_name.size());
  if (address.sun_path[0] == '@') {
    address.sun_path[0] = '\0';  // the abstract name space
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_name.size());
  const File sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  static_cast<void>(sendto(sender.descriptor(),
                           state.data(),
                           state.size(),
                           MSG_NOSIGNAL,
                           reinterpret_cast<const sockaddr*>(&address),
                           size));
}

}  // namespace keyswap::cli
