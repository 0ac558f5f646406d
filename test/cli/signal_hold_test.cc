// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/signal_hold.h"

#include <ctime>

#include <catch2/catch.hpp>

namespace keyswap::cli {

TEST_CASE("a signal that comes while something is done waits for its end") {
  sigset_t before{};
  sigset_t after{};
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  {
    const SignalHold hold;
    CHECK_FALSE(SignalHold::has_one());
    REQUIRE(raise(SIGTERM) == 0);  // it would end this program
    CHECK(SignalHold::has_one());
    sigset_t pending{};
    sigemptyset(&pending);
    sigaddset(&pending, SIGTERM);
    const timespec at_once{};
    CHECK(sigtimedwait(&pending, nullptr, &at_once) == SIGTERM);
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  CHECK(sigismember(&after, SIGTERM) == sigismember(&before, SIGTERM));
}

}  // namespace keyswap::cli
