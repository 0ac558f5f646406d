// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/process_identity.h"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

namespace keyswap::cli {

TEST_CASE("this process is known again, and another of its number is not taken for it") {
  const ProcessIdentity own = own_identity();
  CHECK(own.pid == getpid());
  CHECK(is_alive(own));
  ProcessIdentity other = own;
  ++other.started;
  CHECK_FALSE(is_alive(other));
  other = own;
  other.boot = "another start of the machine";
  CHECK_FALSE(is_alive(other));
  CHECK_FALSE(is_alive({}));
}

TEST_CASE("a process that has ended lives no more, whether it was waited for or not") {
  int named[2] = {};  // NOLINT(modernize-avoid-c-arrays): pipe's
  REQUIRE(pipe(named) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t started = own_identity().started;
    const bool is_told = write(named[1], &started, sizeof(started)) == sizeof(started);
    _exit(is_told ? 0 : 1);
  }
  REQUIRE(child > 0);
  ProcessIdentity ended = own_identity();
  ended.pid = child;
  REQUIRE(read(named[0], &ended.started, sizeof(ended.started)) == sizeof(ended.started));
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(is_alive(ended));
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(is_alive(ended));
  close(named[0]);
  close(named[1]);
}

TEST_CASE("the time of starting is found behind a name that looks like more") {
  const std::string rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 12345 20";
  CHECK(start_of("7 (keyswap) S" + rest) == 12345);
  CHECK(start_of("7 (a) Z 1 (b)) R" + rest) == 12345);
  CHECK_FALSE(start_of("7 (keyswap) Z" + rest));
  CHECK_FALSE(start_of("7 (keyswap) S 1 2 3"));
  CHECK_FALSE(start_of("7 (keyswap)"));
  CHECK_FALSE(start_of(""));
}

}  // namespace keyswap::cli
