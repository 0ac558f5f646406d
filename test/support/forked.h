// SPDX-License-Identifier: Apache-2.0
//
// Something tried in a process of its own, because it cannot be undone: what is restricted, given
// up, or ends the process. What runs there may not use Catch: it says by a number how it went.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

namespace keyswap::test {

struct Ended {
  int status = 0;  // of exit, 0 to 255; -1 if a signal ended it
  int signal = 0;
};

// What a try gives when the machine has not what is to be tried.
inline constexpr int kNotHere = 77;

template <typename Try>
Ended in_child(const Try& tried) {
  const pid_t child = ::fork();
  if (child == 0) {
    // Catch's own handlers would tell of a failed test.
    static_cast<void>(std::signal(SIGABRT, SIG_DFL));
    ::_exit(tried());
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0) {
    std::abort();
  }
  return WIFEXITED(status) ? Ended{WEXITSTATUS(status), 0} : Ended{-1, WTERMSIG(status)};
}

}  // namespace keyswap::test
