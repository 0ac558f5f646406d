// SPDX-License-Identifier: Apache-2.0
//
// sd_notify(3) without libsystemd: one datagram to the socket that $NOTIFY_SOCKET names.
#pragma once

#include <string>
#include <string_view>

namespace keyswap::cli {

// Sends `state` ("READY=1"); nothing happens when `socket_name` is "" or nobody listens: the
// service manager's opinion decides nothing here.
void notify_systemd(const std::string& socket_name, std::string_view state);

}  // namespace keyswap::cli
