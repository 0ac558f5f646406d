// SPDX-License-Identifier: Apache-2.0
//
// The files that the variables of `run` and `env` point to: the bundle of roots (with the roots
// that the user's own variables name), a Java key store, settings of clients that take roots from
// nowhere else (proxy/cli/client_overlays.h), a netrc without bound hosts. They stand in a folder
// of the home named after what goes into them, so that two commands with different settings do not
// disturb each other; only the newest few folders are kept. What is loaded into Node stays where it
// is: a shell may name it for days.
#pragma once

#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/client_environment.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"

namespace keyswap::cli {

struct PreparedFiles {
  ClientFiles files;
  std::vector<std::string> warnings;
};

// Is the preload for Node wanted?
enum class Preload : unsigned char { no, yes };

// `placeholders`: what a netrc may hold for a bound host.
Outcome<PreparedFiles> prepare_client_files(const Home& home,
                                            const Variables& inherited,
                                            const std::vector<BoundHost>& bound,
                                            Preload preload,
                                            const std::vector<std::string>& placeholders = {});

// The same files for another user or a container, who cannot see the home: into `folder`, which is
// there and ours, readable by all, with nothing of this user's own settings in them. What is given
// are their names as they are seen from there, in `seen_at`.
Outcome<ClientFiles> write_public_files(const Home& home,
                                        const std::string& folder,
                                        const std::string& seen_at);

// What the bindings' secrets are called to clients.
std::vector<Placeholder> placeholders_of(const bindings::Bindings& bindings);
// Those of them that are set in an environment: not what a client gets when it logs in (`capture`),
// and would take for a login that was made.
std::vector<Placeholder> placeholders_to_set(const bindings::Bindings& bindings);

// The hosts that secrets are bound to, each once.
std::vector<BoundHost> bound_hosts_of(const bindings::Bindings& bindings);

// Files made, variables planned, for a proxy that serves these bindings.
Outcome<EnvironmentPlan> prepare_environment(const Home& home,
                                             const Variables& inherited,
                                             const ProxyAccess& access,
                                             const bindings::Bindings& bindings,
                                             Preload preload);

}  // namespace keyswap::cli
