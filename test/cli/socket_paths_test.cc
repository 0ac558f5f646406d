// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/socket_paths.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("sockets of servers are found by the kernel's own list") {
  const std::string table =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 18433 /run/user/1000/bus\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 18434 /run/user/1000/bus\n"
      "0000000000000000: 00000002 00000000 00010000 0005 01    21 /tmp/with a blank\n"
      "0000000000000000: 00000002 00000000 00000000 0002 01 18435 /run/systemd/notify\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 18436 @/tmp/.X11-unix/X0\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 18437 relative.sock\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 18438\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 18439\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 18440 /run/user/1000/bus\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 18441 /a";
  CHECK(socket_paths(table) ==
        std::vector<std::string>{
            "/a", "/run/systemd/notify", "/run/user/1000/bus", "/tmp/with a blank"});
  CHECK(socket_paths("").empty());
  CHECK(socket_paths("\n\n   \n00010000").empty());
}

}  // namespace keyswap::cli
