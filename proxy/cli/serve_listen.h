// SPDX-License-Identifier: Apache-2.0
//
// The listeners of `keyswap serve`: what was asked for, whether the bindings let it, and the Unix
// sockets, which are made while files can still be made anywhere. These listen at once, so that
// nobody takes them for dead; who connects waits until the server takes clients. Their files go
// with this.
#pragma once

#include <string>
#include <vector>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"
#include "proxy/cli/listen_address.h"
#include "proxy/cli/unix_socket.h"
#include "proxy/net/server.h"

namespace keyswap::cli {

class CommandLine;

struct ListenOptions {
  std::vector<std::string> addresses;  // none: kDefaultListen
  std::string socket_mode = "0600";    // of Unix sockets
};

void add_listen_options(CommandLine& app, ListenOptions& options);

class ServeListeners {
 public:
  static Outcome<ServeListeners> parse(const ListenOptions& options);

  // May it be listened there, by these bindings? At the start, and of each policy of a reload.
  [[nodiscard]] Problem check(const bindings::Bindings& bindings,
                              const std::string& bindings_file) const;

  // Can it be managed at that address beside them?
  [[nodiscard]] Problem check_beside(const ListenAddress& manage) const;

  // Takes the ports below 1024 while rights are there that let it: root's, or a capability that a
  // service manager gave. Nobody can connect before the server takes clients.
  Problem bind_low_ports();

  // Makes the Unix sockets, as the user that serves.
  Problem open_sockets();
  // Where they have to be removed again.
  [[nodiscard]] std::vector<std::string> socket_folders() const;

  // For the server, once. What it cannot listen on is kept in failed().
  net::ListenPlan plan();

  // What could not be listened on, else what all is.
  [[nodiscard]] const std::string& failed() const { return failed_; }

 private:
  std::vector<ListenAddress> addresses_;
  mode_t socket_mode_ = 0600;
  std::vector<UnixSocket> sockets_;  // in the order of addresses_
  std::vector<File> bound_;          // the same; closed where it is bound by the server
  std::string failed_;
};

// What the ready line says of the addresses besides `proxy`: all of them, where that does not say
// it. Empty: it does.
std::vector<std::string> addresses_to_tell(const std::vector<std::string>& addresses);

}  // namespace keyswap::cli
