// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/held_end.h"

#include <array>
#include <csignal>

#include <sys/signalfd.h>

namespace keyswap::cli {

namespace {

// Not SIGHUP, which asks a proxy to reload. Where it means that the terminal is gone, that shows.
constexpr std::array kEnds = {SIGINT, SIGTERM, SIGQUIT};

}  // namespace

HeldEnd::HeldEnd() {
  sigset_t held{};
  sigset_t wanted{};
  pthread_sigmask(SIG_SETMASK, nullptr, &held);
  sigemptyset(&wanted);
  bool is_any = false;
  for (const int signal : kEnds) {
    if (sigismember(&held, signal) == 1) {
      sigaddset(&wanted, signal);
      is_any = true;
    }
  }
  if (is_any) {
    file_ = File(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
}

}  // namespace keyswap::cli
