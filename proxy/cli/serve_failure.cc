// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_failure.h"

#include <cerrno>

#include "proxy/base/thread.h"
#include "proxy/cli/serve_sandbox.h"

namespace keyswap::cli {

Failure serve_failure(const std::string& listen,
                      const std::string& manage,
                      const base::Error& error) {
  if (error.code == base::Errc::already_exists) {
    const std::string either = manage.empty() ? "" : ", or " + manage + ",";
    return {Exit::cannot,
            listen + either + " is in use by another program",
            "choose another ADDRESS:PORT, or port 0 for a free one"};
  }
  if (base::is_lack_of_threads(error)) {
    return thread_failure(error);
  }
  if (error.code == base::Errc::unsupported) {
    return sandbox_failure(error);
  }
  if (error.number == EACCES) {
    return {Exit::cannot,
            "cannot serve on " + listen + ": " + explain(error),
            "a port below 1024 is taken by root, with --user NAME, or with CAP_NET_BIND_SERVICE "
            "(AmbientCapabilities= in a unit)"};
  }
  return {Exit::cannot,
          "cannot serve on " + listen + ": " + explain(error),
          "check the address and this user's limits"};
}

}  // namespace keyswap::cli
