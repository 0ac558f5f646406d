// SPDX-License-Identifier: Apache-2.0
//
// A listening socket. Each address has one for the whole process, on one loop, and its clients are
// handed to the loops in turn: with a socket per loop (SO_REUSEPORT) the kernel spreads few
// long-lived connections badly, and any process of the same user could bind the port beside us and
// be sent some of the clients.
#pragma once

#include <memory>

#include "proxy/base/result.h"
#include "proxy/uv/loop.h"
#include "proxy/uv/tcp.h"

namespace keyswap::uv {

class AcceptEvents {
 public:
  AcceptEvents() = default;
  AcceptEvents(const AcceptEvents&) = delete;
  AcceptEvents& operator=(const AcceptEvents&) = delete;
  AcceptEvents(AcceptEvents&&) = delete;
  AcceptEvents& operator=(AcceptEvents&&) = delete;
  virtual ~AcceptEvents() = default;
  // A socket (non-blocking, close-on-exec) of a new client; the receiver owns it.
  virtual void on_accepted(int socket) = 0;
  // The same when it took the last descriptor: the receiver closes it before it returns.
  virtual void on_accepted_last(int socket) = 0;
};

// Who is at the other end of an accepted socket; empty when it is gone.
Endpoint remote_of(int socket);

// Out of file descriptors, each client gets the one that is kept spare, for long enough to be
// turned away; without that too, accepting pauses for a moment and goes on. What is open is not
// disturbed.
class Acceptor {
 public:
  // already_exists (number = errno) when the port is taken; invalid_input for no IP address;
  // network otherwise. With port 0 the kernel picks one: see local(). An IPv6 address takes IPv6
  // alone.
  static base::Result<std::unique_ptr<Acceptor>> listen(Loop& loop,
                                                        const Endpoint& endpoint,
                                                        AcceptEvents& events);
  // The two halves of that, for an address that can be bound only before rights are given up. The
  // socket (non-blocking, close-on-exec) is the caller's until it is given to the second.
  static base::Result<int> bind(const Endpoint& endpoint);
  static base::Result<std::unique_ptr<Acceptor>> listen(Loop& loop,
                                                        int bound,
                                                        AcceptEvents& events);
  // Takes over a Unix socket that listens; its file stays its maker's. It has no local().
  static std::unique_ptr<Acceptor> adopt(Loop& loop, int socket, AcceptEvents& events);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  Acceptor(Acceptor&&) = delete;
  Acceptor& operator=(Acceptor&&) = delete;
  ~Acceptor();  // stops listening

  [[nodiscard]] const Endpoint& local() const;

 private:
  struct State;

  static std::unique_ptr<Acceptor> make(Loop& loop, int socket, AcceptEvents& events);

  explicit Acceptor(State* state) : state_(state) {}

  State* state_;  // frees itself in its close callbacks
};

}  // namespace keyswap::uv
