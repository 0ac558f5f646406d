// SPDX-License-Identifier: Apache-2.0
//
// One connection of bytes on a loop: TCP, or an accepted one of a Unix socket. A Tcp may be
// destroyed at any time, also inside its own event: the libuv handle lives on until its close
// callback, and no event comes after destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/result.h"
#include "proxy/uv/loop.h"

namespace keyswap::uv {

// An address to listen on or to dial, as text and port.
struct Endpoint {
  std::string address;  // canonical IPv4 or IPv6 literal
  std::uint16_t port = 0;
};

// The `address` of whoever is at the other end of a Unix socket: of this machine, without a port.
inline constexpr std::string_view kUnixPeer = "unix";

// "127.0.0.1:80", "[::1]:80"; "unix"
std::string to_string(const Endpoint& endpoint);

class TcpEvents {
 public:
  TcpEvents() = default;
  TcpEvents(const TcpEvents&) = delete;
  TcpEvents& operator=(const TcpEvents&) = delete;
  TcpEvents(TcpEvents&&) = delete;
  TcpEvents& operator=(TcpEvents&&) = delete;
  virtual ~TcpEvents() = default;

  virtual void on_connected() = 0;
  virtual void on_connect_failed(int errno_value) = 0;
  virtual void on_read(std::string_view bytes) = 0;
  virtual void on_read_end() = 0;     // FIN
  virtual void on_broken() = 0;       // reset or write error: the connection is of no use any more
  virtual void on_written_all() = 0;  // what did not fit into the socket at once is now written
};

class Tcp {
 public:
  // `events` must outlive this.
  Tcp(Loop& loop, TcpEvents& events);
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;
  Tcp(Tcp&&) = delete;
  Tcp& operator=(Tcp&&) = delete;
  ~Tcp();

  // Takes over an accepted socket, of TCP or a Unix socket.
  base::Status adopt(int socket);
  // on_connected or on_connect_failed follows. Once connected, the kernel asks a silent host
  // whether it is there and gives up one that does not answer (bounds::kProbeIdleMs, kUnackedMs):
  // on_broken. Of one that owes acknowledgements proxy/net/leg.h takes care: the kernel would give
  // up a host that only takes nothing, too.
  void connect(const Endpoint& endpoint);

  void start_reading();
  void stop_reading();

  // Writes what `bytes` holds, and empties it: at once as far as the socket takes it, the rest when
  // it does (pending_bytes()).
  void write(base::Buffer& bytes);
  [[nodiscard]] std::size_t pending_bytes() const;

  // All that write() was given so far; and how much of it the other host has not acknowledged,
  // whether it waits here or in the kernel. Asks the kernel.
  [[nodiscard]] std::uint64_t written_bytes() const;
  [[nodiscard]] std::uint64_t untaken_bytes() const;
  // FIN once everything is written.
  void finish_writing();
  // When this is destroyed, our end is said after what was written, and what still comes is thrown
  // away for at most bounds::kLingerMs: a reset would destroy what is on its way. At most
  // bounds::kLingeringMax of a loop do so.
  void linger_on_close();
  // What has come and was not read: up to `capacity` bytes at once, without waiting; 0 nothing. For
  // a connection that broke in writing.
  std::size_t take_received(char* bytes, std::size_t capacity);
  // Why it broke: errno, 0 if it did not.
  [[nodiscard]] int last_error() const;

  [[nodiscard]] Endpoint remote() const;

  // Are there bytes that the other host should have acknowledged for `ms`, and has it acknowledged
  // nothing meanwhile? Asks the kernel. A host that only takes nothing more still acknowledges.
  [[nodiscard]] bool is_unacknowledged_for(std::int64_t ms) const;

 private:
  struct State;
  State* state_;  // frees itself in its close callback
};

}  // namespace keyswap::uv
