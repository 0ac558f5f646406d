// SPDX-License-Identifier: Apache-2.0
//
// Events from outside: signals, changes in a folder, and what may be done with a socket that a
// library of others opened.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/base/result.h"
#include "proxy/uv/loop.h"

namespace keyswap::uv {

// Calls `caught` on the loop each time the process gets `signal`.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal, std::function<void()> caught);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  SignalWatch(SignalWatch&&) = delete;
  SignalWatch& operator=(SignalWatch&&) = delete;
  ~SignalWatch();

 private:
  struct State;
  State* state_;  // frees itself in its close callback
};

// Calls `changed` on the loop when something in the folder may have changed.
class FolderWatch {
 public:
  FolderWatch(Loop& loop, const std::string& folder, std::function<void()> changed);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  FolderWatch(FolderWatch&&) = delete;
  FolderWatch& operator=(FolderWatch&&) = delete;
  ~FolderWatch();

 private:
  struct State;
  State* state_;  // frees itself in its close callback
};

// Calls `ready` on the loop while the socket can be read from or written to, as far as that is
// asked for. The socket is somebody else's, who closes it; the watch goes first.
class SocketWatch {
 public:
  // Any of them together.
  static constexpr int kReadable = 1;
  static constexpr int kWritable = 2;

  // `events`: what can be done; both when the socket has an error, so that whoever reads or writes
  // finds it. The watch may be destroyed in it.
  using Ready = std::function<void(int events)>;

  SocketWatch(Loop& loop, int socket, Ready ready);
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;
  SocketWatch(SocketWatch&&) = delete;
  SocketWatch& operator=(SocketWatch&&) = delete;
  ~SocketWatch();

  // From now on these are asked for; 0: none. io (number = errno) when the socket cannot be
  // watched.
  base::Status watch(int events);

 private:
  struct State;
  State* state_;  // frees itself in its close callback
};

}  // namespace keyswap::uv
