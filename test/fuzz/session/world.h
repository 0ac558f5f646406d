// SPDX-License-Identifier: Apache-2.0
//
// The world that session_fuzz puts under the program: proxy/uv without sockets, threads and
// real time. world.cc defines the very classes of proxy/uv (Loop, Tcp, Timer), which the linker
// takes instead of those on libuv, so that connections, tunnels and streams live, defer and are
// buried exactly as in the program. engine.cc does the same for tls::Engine.
//
// One thread, one loop, time by hand. Whoever drives it moves bytes on the Wires and lets turns of
// the loop go by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/uv/loop.h"
#include "proxy/uv/tcp.h"

namespace keyswap::test {

// One connection, as both of its ends see it.
struct Wire {
  enum class State : std::uint8_t { connecting, open, refused };

  // The peer's doing.
  State state = State::open;
  std::string to_proxy;       // sent, and not read by the proxy yet
  bool is_peer_done = false;  // a FIN stands behind that
  bool is_reset = false;      // what was not read is lost
  bool is_host_gone = false;  // it acknowledges nothing
  std::size_t room = 0;       // bytes that the peer's side takes from the proxy

  // The proxy's doing.
  std::string from_proxy;        // arrived at the peer, and not looked at yet
  bool is_proxy_done = false;    // a FIN stands behind that
  bool is_proxy_closed = false;  // the socket is closed

  uv::Endpoint remote;
};

// What a Tcp, or a Timer, is to the world.
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket(Socket&&) = delete;
  Socket& operator=(Socket&&) = delete;
  virtual ~Socket() = default;
  // Does what is due: connects, reads, writes. False: nothing was.
  virtual bool run() = 0;
};

class Alarm {
 public:
  Alarm() = default;
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  Alarm(Alarm&&) = delete;
  Alarm& operator=(Alarm&&) = delete;
  virtual ~Alarm() = default;
  [[nodiscard]] virtual std::int64_t due_ms() const = 0;  // 0: not set
  virtual void fire() = 0;
};

class World {
 public:
  static World& of(uv::Loop& loop) { return *reinterpret_cast<World*>(loop.raw()); }

  // A client's connection; what it gives is what the acceptor would.
  int accept(const std::shared_ptr<Wire>& wire);
  // Connections that the proxy has asked for since the last call.
  std::vector<std::shared_ptr<Wire>> take_dialled();

  // One turn: what others posted, what the sockets have (beginning with the `first`th), the timers
  // that are due, the turn's end. False: nothing happened.
  bool turn(std::size_t first = 0);

  // When the next timer is due, if one is set.
  [[nodiscard]] std::optional<std::int64_t> next_timer_ms() const;
  // Jumps to it. False: there is none.
  bool wait_for_timer();

  void pass(std::int64_t milliseconds) { now_ms += milliseconds; }

  [[nodiscard]] std::size_t socket_count() const { return sockets.size(); }

  // The classes of proxy/uv (world.cc).
  std::int64_t now_ms = 1'000'000;
  std::vector<std::function<void()>> posted;
  std::function<void()> turn_end;
  std::vector<Socket*> sockets;
  std::vector<Alarm*> alarms;
  std::vector<std::unique_ptr<Socket>> closing;
  std::vector<std::shared_ptr<Wire>> accepted;
  std::vector<std::shared_ptr<Wire>> dialled;
  std::string read_chunk;
};

}  // namespace keyswap::test
