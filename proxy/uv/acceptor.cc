// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/acceptor.h"

#include <cerrno>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "proxy/base/descriptors.h"
#include "proxy/uv/address.h"

namespace keyswap::uv {

namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptsPerTurn = 64;  // then the open connections have their turn
constexpr std::uint64_t kPauseMs = 100;

// Closes the socket, and says why: with errno.
base::Error cannot_listen(int socket) {
  const int failed = errno;
  ::close(socket);
  return {failed == EADDRINUSE ? base::Errc::already_exists : base::Errc::network,
          "cannot listen on the address",
          failed};
}

}  // namespace

base::Result<int> Acceptor::bind(const Endpoint& endpoint) {
  sockaddr_storage address{};
  if (!to_sockaddr(endpoint, address)) {
    return base::Error{base::Errc::invalid_input, "the address to listen on is not an IP address"};
  }
  const int socket = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) {
    return base::Error{base::Errc::network, "cannot make a socket", errno};
  }
  const int yes = 1;
  // Without V6ONLY the wildcard of IPv6 would be that of IPv4, too.
  if (::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      (address.ss_family == AF_INET6 &&
       ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0) ||
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), size_of(address)) != 0) {
    return cannot_listen(socket);
  }
  return socket;
}

struct Acceptor::State {
  int socket = -1;
  Endpoint local;
  AcceptEvents* events = nullptr;
  base::SpareDescriptors spare{1};
  uv_poll_t readable{};
  uv_timer_t pause{};
  int open_handles = 2;

  void wait() { uv_poll_start(&readable, UV_READABLE, on_readable); }

  static void on_readable(uv_poll_t* handle, int /*status*/, int /*events*/) noexcept {
    State& state = *static_cast<State*>(handle->data);
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int client = ::accept4(state.socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client >= 0) {
        state.events->on_accepted(client);
        continue;
      }
      const int failed = errno;
      if (base::is_exhaustion(failed) && !state.accept_last()) {
        state.rest();
        return;
      }
      if (!base::is_exhaustion(failed) && failed != ECONNABORTED && failed != EINTR) {
        return;
      }
    }
  }

  // With the spare descriptor. false: that did not do, or nobody waits any more.
  bool accept_last() {
    const base::SpareDescriptors::Lent lent(spare);
    const int client = ::accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) {
      return false;
    }
    events->on_accepted_last(client);
    return true;
  }

  // Polling on would spin; the clients wait in the backlog.
  void rest() {
    uv_poll_stop(&readable);
    uv_timer_start(&pause, on_rested, kPauseMs, 0);
  }

  static void on_rested(uv_timer_t* handle) noexcept { static_cast<State*>(handle->data)->wait(); }

  static void on_closed(uv_handle_t* handle) noexcept {
    auto* state = static_cast<State*>(handle->data);
    if (--state->open_handles == 0) {
      delete state;  // NOLINT: made in listen()
    }
  }
};

base::Result<std::unique_ptr<Acceptor>> Acceptor::listen(Loop& loop,
                                                         const Endpoint& endpoint,
                                                         AcceptEvents& events) {
  auto bound = bind(endpoint);
  if (!bound) {
    return bound.error();
  }
  return listen(loop, *bound, events);
}

base::Result<std::unique_ptr<Acceptor>> Acceptor::listen(Loop& loop,
                                                         int bound,
                                                         AcceptEvents& events) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::listen(bound, kBacklog) != 0 ||
      ::getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return cannot_listen(bound);
  }
  auto acceptor = make(loop, bound, events);
  acceptor->state_->local = from_sockaddr(reinterpret_cast<const sockaddr&>(address));
  return acceptor;
}

std::unique_ptr<Acceptor> Acceptor::adopt(Loop& loop, int socket, AcceptEvents& events) {
  return make(loop, socket, events);
}

std::unique_ptr<Acceptor> Acceptor::make(Loop& loop, int socket, AcceptEvents& events) {
  auto* state = new State;  // NOLINT: freed in on_closed
  state->socket = socket;
  state->events = &events;
  uv_poll_init_socket(loop.raw(), &state->readable, socket);
  uv_timer_init(loop.raw(), &state->pause);
  state->readable.data = state;
  state->pause.data = state;
  state->wait();
  return std::unique_ptr<Acceptor>(new Acceptor(state));
}

Endpoint remote_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {};
  }
  return from_sockaddr(reinterpret_cast<const sockaddr&>(address));
}

Acceptor::~Acceptor() {
  uv_poll_stop(&state_->readable);
  ::close(state_->socket);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->readable), State::on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&state_->pause), State::on_closed);
}

const Endpoint& Acceptor::local() const {
  return state_->local;
}

}  // namespace keyswap::uv
