// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/thread.h"

#include <cerrno>
#include <csignal>

#include <catch2/catch.hpp>

namespace keyswap::base {

namespace {

TEST_CASE("a thread that is started runs, and gets no signals") {
  sigset_t mask{};
  auto thread = start_thread([&mask] { pthread_sigmask(SIG_SETMASK, nullptr, &mask); });
  REQUIRE(thread);
  thread->join();
  CHECK(sigismember(&mask, SIGTERM) == 1);
  CHECK(sigismember(&mask, SIGXFSZ) == 1);
  sigset_t ours{};
  pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  CHECK(sigismember(&ours, SIGTERM) == 0);
}

TEST_CASE("only a lack of threads is told as one") {
  CHECK(is_lack_of_threads({Errc::unavailable, "a thread cannot be started", EAGAIN}));
  CHECK_FALSE(is_lack_of_threads({Errc::unavailable, "not valid now"}));
  CHECK_FALSE(is_lack_of_threads({Errc::io, "cannot read", EAGAIN}));
}

}  // namespace

}  // namespace keyswap::base
