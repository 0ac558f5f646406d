// SPDX-License-Identifier: Apache-2.0
//
// The listening sockets of one process, all on one loop: TCP addresses, and Unix sockets that
// somebody else made (proxy/cli/unix_socket.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/uv/acceptor.h"

namespace keyswap::net {

struct ListenOn {
  std::string host = "127.0.0.1";  // an IP literal
  std::uint16_t port = 8472;       // 0 picks one
  // Not empty: a Unix socket of this path, and not TCP. It listens already, and is the server's
  // from then on; its file stays its maker's.
  std::string unix_path = {};
  int unix_socket = -1;
  // Not -1: a TCP socket of bind_early(); the server's from then on.
  int bound = -1;
};

// For an address that can be bound only before rights are given up: a socket that has it, on which
// nobody can connect yet. It is the caller's. Fails as uv::Acceptor::listen does.
base::Result<int> bind_early(const ListenOn& where);

struct ListenPlan {
  std::vector<ListenOn> on;  // at least one, at most bounds::kListenersMax
  // Called before serve() fails because it cannot listen there; may be empty.
  std::function<void(const ListenOn&)> failed;
};

class Listeners {
 public:
  // What each takes besides the first: itself, and what it keeps spare.
  static constexpr std::size_t kDescriptors = 2;

  // Fails as uv::Acceptor::listen does.
  base::Status open(uv::Loop& loop, const ListenPlan& plan, uv::AcceptEvents& events);

  // No client is taken any more.
  void close() { acceptors_.clear(); }

  // "127.0.0.1:8472", "unix:/run/keyswap.sock", in the order of the plan.
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

  // Of TCP, with the ports that they really have.
  [[nodiscard]] const std::vector<uv::Endpoint>& endpoints() const { return endpoints_; }

 private:
  base::Status open_one(uv::Loop& loop, const ListenOn& where, uv::AcceptEvents& events);

  std::vector<std::unique_ptr<uv::Acceptor>> acceptors_;
  std::vector<std::string> addresses_;
  std::vector<uv::Endpoint> endpoints_;
};

}  // namespace keyswap::net
