// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/signal_hold.h"

#include <algorithm>
#include <array>

namespace keyswap::cli {

namespace {

constexpr std::array kHeld = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

}  // namespace

SignalHold::SignalHold() {
  sigset_t held{};
  sigemptyset(&held);
  for (const int signal : kHeld) {
    sigaddset(&held, signal);
  }
  pthread_sigmask(SIG_BLOCK, &held, &before_);
}

SignalHold::~SignalHold() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool SignalHold::has_one() {
  sigset_t pending{};
  sigpending(&pending);
  return std::ranges::any_of(kHeld,
                             [&pending](int signal) { return sigismember(&pending, signal) == 1; });
}

}  // namespace keyswap::cli
