// SPDX-License-Identifier: Apache-2.0
//
// The way out of an isolated command: connections that it makes to its own loopback are joined with
// connections to the proxy, and its questions for names are answered. The sockets were made inside
// of the command's namespaces; the process that serves them is outside, where the command neither
// sees nor reaches it, and dials as its user, whom the proxy knows.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

// Both do not block.
struct RelaySockets {
  File connections;  // a TCP socket that listens
  File names;        // a UDP socket
};

// To the end of the process; gives why it cannot go on. One connection that breaks is broken for
// the other side, too (it is reset), so that half an answer is none. More than
// bounds::kRelayedConnectionsMax wait until others have ended.
// `proxy`: "127.0.0.1:8472"; invalid_input when it is no address of that form.
base::Error relay(const RelaySockets& sockets,
                  const std::string& proxy,
                  const std::function<bool(std::string_view)>& may_be_reached);

}  // namespace keyswap::cli
