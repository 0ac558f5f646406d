// SPDX-License-Identifier: Apache-2.0
//
// Which user of this machine is at the other end of a connection. Of TCP over loopback the kernel
// says so for one connection at a time (sock_diag(7)): two short system calls, no walk through a
// table. Of a Unix socket it says who connected (SO_PEERCRED, unix(7)).
#pragma once

#include <cstdint>
#include <optional>

namespace keyswap::uv {

class LocalUsers {
 public:
  // Holds one descriptor. Where the kernel cannot be asked (address family AF_NETLINK forbidden),
  // every user is unknown.
  LocalUsers();
  LocalUsers(const LocalUsers&) = delete;
  LocalUsers& operator=(const LocalUsers&) = delete;
  LocalUsers(LocalUsers&&) = delete;
  LocalUsers& operator=(LocalUsers&&) = delete;
  ~LocalUsers();

  // Is it the user that this process runs as now?
  static bool is_own(std::optional<std::uint32_t> user);

  // The user id of whoever holds the other end of `socket`, an accepted TCP connection, or who
  // opened that of a Unix socket. Nothing if that end is on another machine, or nobody holds it any
  // more.
  std::optional<std::uint32_t> user_of(int socket);

 private:
  int kernel_ = -1;
  std::uint32_t questions_ = 0;
};

}  // namespace keyswap::uv
