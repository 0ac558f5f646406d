// SPDX-License-Identifier: Apache-2.0
//
// What `keyswap run` makes of its command's end, with real children.
#include "proxy/cli/supervise.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "proxy/cli/child.h"
#include "proxy/cli/files.h"
#include "proxy/cli/systemd_notify.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

int status_of(const Arguments& command) {
  return supervise(command, inherited_environment(), 0);
}

// Of a shell that runs the script as such a child.
int status_of(Launch child, const std::string& script) {
  const Variables environment = inherited_environment();
  child.words = {"sh", "-c", script};
  child.environment = &environment;
  const auto started = launch(child);
  REQUIRE(started);
  const auto ended = wait_for_end(*started, 30'000);
  REQUIRE(ended);
  return shell_status(*ended);
}

}  // namespace

TEST_CASE("O01 the command's exit status is passed on") {
  CHECK(status_of({"true"}) == 0);
  CHECK(status_of({"sh", "-c", "exit 7"}) == 7);
  CHECK(status_of({"sh", "-c", "exit 255"}) == 255);
}

TEST_CASE("a command ended by a signal gives 128 and the signal's number") {
  CHECK(status_of({"sh", "-c", "kill -TERM $$"}) == 128 + SIGTERM);
  CHECK(status_of({"sh", "-c", "kill -KILL $$"}) == 128 + SIGKILL);
}

TEST_CASE("127 is no such program, 126 one that cannot be run") {
  CHECK(status_of({"/nonexistent/program"}) == 127);
  CHECK(status_of({"keyswap-no-such-program"}) == 127);
  const test::TempHome temp;
  CHECK(status_of({temp.put("plain", "x", 0600)}) == 126);
  CHECK(status_of({temp.path()}) == 126);
}

TEST_CASE("a signal to the wrapper reaches the command") {
  const test::TempHome temp;
  const std::string ready = temp.path() + "/ready";
  const pid_t wrapper = fork();
  REQUIRE(wrapper >= 0);
  if (wrapper == 0) {
    _exit(status_of(
        {"sh", "-c", "trap 'exit 42' TERM; : > " + ready + "; while :; do sleep 0.05; done"}));
  }
  while (access(ready.c_str(), F_OK) != 0) {
    std::this_thread::yield();
  }
  REQUIRE(kill(wrapper, SIGTERM) == 0);
  const auto ended = wait_for_end(wrapper, 30'000);
  REQUIRE(ended);
  CHECK(shell_status(*ended) == 42);
}

TEST_CASE("the command's end is seen also where the ends of children were ignored") {
  const pid_t wrapper = fork();
  REQUIRE(wrapper >= 0);
  if (wrapper == 0) {
    static_cast<void>(std::signal(SIGCHLD, SIG_IGN));
    _exit(status_of({"sh", "-c", "exit 7"}));
  }
  const auto ended = wait_for_end(wrapper, 30'000);
  if (!ended) {
    kill(wrapper, SIGKILL);
  }
  REQUIRE(ended);
  CHECK(shell_status(*ended) == 7);
}

TEST_CASE("the command begins with the signal mask that we began with") {
  FILE* status = popen("grep SigBlk /proc/self/status", "r");  // of a child without us between
  REQUIRE(status != nullptr);
  std::array<char, 128> expected{};
  REQUIRE(std::fgets(expected.data(), expected.size(), status) != nullptr);
  pclose(status);
  const test::TempHome temp;
  const std::string file = temp.path() + "/mask";
  REQUIRE(status_of({"sh", "-c", "grep SigBlk /proc/self/status > " + file}) == 0);
  CHECK(*read_file(file, 1000) == expected.data());
}

TEST_CASE("PR-07 a command inherits no descriptor of ours") {
  const test::TempHome temp;
  const File ours(open(temp.put("secret", "x").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(ours.is_open());
  CHECK(status_of({"sh", "-c", "test ! -e /proc/self/fd/" + std::to_string(ours.descriptor())}) ==
        0);
}

TEST_CASE("a child has what it was started for of our descriptors, and no other", "[I1]") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  REQUIRE(write_all(pipe->write_end.descriptor(), "secret\n"));
  // As a shell gives it to us, or a library opened it that does not know close-on-exec.
  const File stray(fcntl(pipe->read_end.descriptor(), F_DUPFD, 57));
  REQUIRE(stray.is_open());
  const std::string is_there = "test -e /proc/self/fd/" + std::to_string(stray.descriptor());
  Launch child;
  child.inherits = Inherits::all;
  CHECK(status_of(child, is_there) == 0);
  child.inherits = Inherits::standard;
  CHECK(status_of(child, is_there) == 1);
  CHECK(status_of(child, "test -e /proc/self/fd/1 && test ! -e /proc/self/fd/3") == 0);
  child.inherits = Inherits::nothing;
  CHECK(status_of(child, is_there) == 1);
  CHECK(status_of(child,
                  "for n in 0 1 2; do test \"$(readlink /proc/$$/fd/$n)\" = /dev/null || exit 1; "
                  "done") == 0);
  child.inherits = Inherits::standard;
  child.passed = stray.descriptor();
  CHECK(status_of(child, "read line <&3 && test \"$line\" = secret") == 0);
  CHECK(status_of(child, "test -e /proc/self/fd/3 && test ! -e /proc/self/fd/4") == 0);
  CHECK(status_of(child, is_there) == 1);
}

TEST_CASE("a program is looked for in folders that are named whole, never beside the user") {
  const test::TempHome temp;
  const std::string tool = temp.put("tool", "#!/bin/sh\n", 0700);
  const std::string plain = temp.put("plain", "x", 0600);
  CHECK(find_program("tool", "/nonexistent:" + temp.path()) == tool);
  CHECK(find_program("plain", temp.path()).empty());
  CHECK(find_program("tool", "").empty());
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(temp.path());
  CHECK(find_program("tool", ":.:../" + std::filesystem::path(temp.path()).filename().string())
            .empty());
  std::filesystem::current_path(before);
}

TEST_CASE("the ready line of a proxy is read, and nothing else is taken for one") {
  const auto read_from = [](const std::string& text) {
    auto pipe = make_pipe();
    REQUIRE(pipe);
    REQUIRE(write_all(pipe->write_end.descriptor(), text));
    pipe->write_end.close();
    return read_ready_address(pipe->read_end.descriptor(), 1000);
  };
  CHECK(read_from("{\"event\":\"ready\",\"proxy\":\"127.0.0.1:8472\"}\n") == "127.0.0.1:8472");
  CHECK_FALSE(read_from("hello\n"));
  CHECK_FALSE(read_from("{\"proxy\":5}\n"));
  CHECK_FALSE(read_from("{\"proxy\":\"x\"}"));
  CHECK_FALSE(read_from(""));
}

TEST_CASE("systemd's socket gets the state in one datagram") {
  const test::TempHome temp;
  const std::string path = temp.path() + "/notify";
  const File socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::ranges::copy(path, std::begin(address.sun_path));
  REQUIRE(bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0);
  notify_systemd(path, "READY=1");
  std::array<char, 64> text{};
  const ssize_t size = recv(socket.descriptor(), text.data(), text.size(), 0);
  REQUIRE(size > 0);
  CHECK(std::string(text.data(), static_cast<std::size_t>(size)) == "READY=1");
  notify_systemd("", "READY=1");
  notify_systemd("relative", "READY=1");
  notify_systemd(temp.path() + "/nobody", "READY=1");
  CHECK(recv(socket.descriptor(), text.data(), text.size(), 0) < 0);
}

}  // namespace keyswap::cli
