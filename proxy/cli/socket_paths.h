// SPDX-License-Identifier: Apache-2.0
//
// Which files of this machine are sockets that somebody answers at (unix(7)). A network namespace
// does not hold them back, so `run --isolated` hides them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::cli {

// From the text of /proc/net/unix: the absolute paths at which a server waits for connections, or
// reads datagrams; each once, in order.
std::vector<std::string> socket_paths(std::string_view table);

}  // namespace keyswap::cli
