// SPDX-License-Identifier: Apache-2.0
//
// The way to the background, with real processes: who waits in front, and what the one that goes
// leaves behind.
#include "proxy/cli/detach.h"

#include <array>
#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/cli/child.h"
#include "proxy/cli/supervise.h"
#include "proxy/cli/terminal.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

struct InFront {
  int status = 0;
  std::string said;
};

// Runs it in a process of its own, whose stdout is read to its end.
InFront run_in_front(const std::function<int(Departure&)>& serves) {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  static_cast<void>(flush_output());  // else the child would have it, too
  const pid_t process = fork();
  REQUIRE(process >= 0);
  if (process == 0) {
    dup2(pipe->write_end.descriptor(), STDOUT_FILENO);
    pipe->write_end.close();
    const int status = run_detached(serves);
    static_cast<void>(flush_output());
    _exit(status);
  }
  pipe->write_end.close();
  InFront seen;
  std::array<char, 256> piece{};
  for (ssize_t size = 1; size > 0;) {
    size = read(pipe->read_end.descriptor(), piece.data(), piece.size());
    seen.said.append(piece.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  const auto ended = wait_for_end(process, 30'000);
  REQUIRE(ended);
  seen.status = *ended;
  return seen;
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("who does not get ready ends the process in front with its own status") {
  const InFront seen = run_in_front([](Departure&) { return 3; });
  CHECK(shell_status(seen.status) == 3);
  CHECK(seen.said.empty());
}

TEST_CASE("a signal that ends it before it is ready ends the process in front, too") {
  const InFront seen = run_in_front([](Departure&) {
    raise(SIGTERM);
    return 0;
  });
  CHECK(WIFSIGNALED(seen.status));
  CHECK(WTERMSIG(seen.status) == SIGTERM);
}

TEST_CASE("a signal to the process in front reaches who gets ready") {
  const InFront seen = run_in_front([](Departure&) {
    kill(getppid(), SIGTERM);
    for (;;) {
      pause();
    }
    return 0;
  });
  CHECK(WIFSIGNALED(seen.status));
  CHECK(WTERMSIG(seen.status) == SIGTERM);
}

TEST_CASE("once it is ready it has a session of its own, and talks into the log") {
  const test::TempHome temp;
  const InFront seen = run_in_front([&temp](Departure& departure) {
    if (departure.open_log(temp.home()) || !departure.leave_terminal()) {
      return 1;
    }
    departure.leave("ready\n");
    note(getsid(0) == getpid() ? "own session" : "no session");
    print_line("and stdout");
    static_cast<void>(flush_output());
    return 0;
  });
  CHECK(shell_status(seen.status) == 0);
  CHECK(seen.said == "ready\n");
  while (text_of(temp.home().serve_log()).find("and stdout\n") == std::string::npos) {
    std::this_thread::yield();
  }
  CHECK(text_of(temp.home().serve_log()) == "own session\nand stdout\n");
}

TEST_CASE("what was said before the end is heard, though the end is seen first") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  static_cast<void>(flush_output());
  const PassedSignals passed;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    _exit(write(pipe->write_end.descriptor(), "ready", 5) == 5 ? 0 : 1);
  }
  pipe->write_end.close();
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK_FALSE(passed.follow_until(child, pipe->read_end.descriptor()));
}

TEST_CASE("a log that became too long begins anew, and a file of somebody else's is none") {
  const test::TempHome temp;
  Departure departure{File()};
  std::string path = temp.put("serve.log", std::string(base::bounds::kServeLogBytesMax, 'x'));
  CHECK_FALSE(departure.open_log(temp.home()));
  CHECK(text_of(path).size() == base::bounds::kServeLogBytesMax);
  path = temp.put("serve.log", std::string(base::bounds::kServeLogBytesMax + 1, 'x'));
  CHECK_FALSE(departure.open_log(temp.home()));
  CHECK(text_of(path).empty());
  REQUIRE(unlink(path.c_str()) == 0);
  REQUIRE(symlink("/etc/passwd", path.c_str()) == 0);
  CHECK(departure.open_log(temp.home()));
}

}  // namespace keyswap::cli
