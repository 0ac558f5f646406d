// SPDX-License-Identifier: Apache-2.0
//
// Events from outside: signals, and changes in a folder.
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

}  // namespace keyswap::uv
