// SPDX-License-Identifier: Apache-2.0
//
// `keyswap run --isolated`: the command in namespaces of its own, whose only way out is the proxy.
// Three processes of ours take part. This one is the parent of two: of the one that makes the
// namespaces, and is the command's parent as `run` is without them (proxy/cli/supervise.h), and of
// the relay (proxy/cli/relay.h), which stays outside. Sockets for the relay are made inside and
// handed out. With this process all of it ends.
#pragma once

#include <memory>
#include <string>

#include <sys/types.h>

#include "bindings/binding.h"
#include "proxy/cli/client_environment.h"
#include "proxy/cli/command.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/home.h"
#include "proxy/cli/isolated_view.h"

namespace keyswap::cli {

struct IsolatedCommand {
  Arguments words;
  Variables environment;
  Home home;
  Hidden hidden;
  std::string proxy;  // where it listens outside
  std::shared_ptr<const bindings::Bindings> bindings;
  pid_t own_proxy = 0;  // as in supervise()
};

// Can this machine do it for this user? Tried in a child, so that nothing has been asked for or
// started where it cannot.
Problem check_isolation();

// Where the command finds the proxy that listens at `proxy`: the same port of its own loopback.
std::string address_inside(const std::string& proxy);

// Runs it to its end; its status as supervise() gives it. What cannot be isolated is not run: then
// it was said why, and this is the exit status for it (I13).
int run_isolated(IsolatedCommand command);

}  // namespace keyswap::cli
