// SPDX-License-Identifier: Apache-2.0
//
// What the command of `run --isolated` does not see of the machine, once it is in its namespaces:
// the home but for the files that clients read, what opens the vault, the audit log, and the
// sockets of agents and daemons, which a network namespace does not hold back. The rest of the file
// system is as it was (docs/threat-model.md, "A command that is isolated").
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

struct Hidden {
  std::vector<std::string> folders;  // besides the home; such as an audit log that lies elsewhere
  std::vector<std::string> files;    // that hold what opens the vault
};

// What has to be known before the network is another one.
struct Surroundings {
  std::string folder;                // where the command is to run
  std::vector<std::string> sockets;  // files that are sockets (proxy/cli/socket_paths.h)
};

Outcome<Surroundings> look_around();

// In the namespaces (proxy/sandbox/isolation.h). A failure leaves some of it done: then nothing may
// be run (I13).
Problem hide(const Home& home, const Hidden& hidden, const Surroundings& around);

// Takes away the variables that lead to agents, daemons and displays, whose sockets are hidden.
void forget_sockets(Variables& environment);

}  // namespace keyswap::cli
