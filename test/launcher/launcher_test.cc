// SPDX-License-Identifier: Apache-2.0
#include "proxy/launcher/launcher.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "test/support/temp_file.h"

namespace keyswap {
namespace {

using base::Errc;
using launcher::CommandSpec;
using launcher::Launcher;
using vault::Answer;

CommandSpec shell(std::string script, std::int64_t timeout_ms = 10'000) {
  return {
      .argv = {"/bin/sh", "-c", std::move(script)}, .environment = {}, .timeout_ms = timeout_ms};
}

// A launcher with these programs, asked from a loop.
class World {
 public:
  explicit World(std::vector<CommandSpec> commands, bool is_trusted = true)
      : commands_(std::move(commands)) {
    REQUIRE(vault::lock_memory());
    auto started = Launcher::start(
        commands_, [is_trusted](const std::string& path) { return is_trusted && !path.empty(); });
    REQUIRE(started);
    launcher = std::move(*started);
    auto made = uv::Loop::create();
    REQUIRE(made);
    loop = std::move(*made);
    launcher->attach(*loop);
  }

  Answer ask(std::size_t index = 0) {
    std::optional<Answer> answer;
    launcher->ask(index, [&](Answer told) {
      answer = std::move(told);
      loop->stop();
    });
    REQUIRE_FALSE(answer);
    loop->run();
    REQUIRE(answer);
    return std::move(*answer);
  }

  std::string printed(std::size_t index = 0) {
    const Answer answer = ask(index);
    if (const auto* error = std::get_if<base::Error>(&answer)) {
      FAIL(error->note.text());
    }
    const auto& ended = std::get<vault::CommandAnswer>(answer);
    return std::to_string(ended.status) + ":" + std::string(ended.out.reveal());
  }

  Errc error(std::size_t index = 0) {
    const Answer answer = ask(index);
    REQUIRE(std::holds_alternative<base::Error>(answer));
    return std::get<base::Error>(answer).code;
  }

  std::unique_ptr<uv::Loop> loop;
  std::unique_ptr<Launcher> launcher;  // goes before its loop

 private:
  std::vector<CommandSpec> commands_;
};

// Waited for as long as a test may take; a zombie has ended, too.
bool ends(pid_t process) {
  constexpr int kWaitMs = 10'000;
  pollfd ended{static_cast<int>(::syscall(SYS_pidfd_open, process, 0)), POLLIN, 0};
  if (ended.fd < 0) {
    return errno == ESRCH;
  }
  const bool is_over = ::poll(&ended, 1, kWaitMs) == 1;
  ::close(ended.fd);
  return is_over;
}

TEST_CASE("a program's words and its status come back, whatever they are") {
  World world({shell("printf 'a\\nb'"),
               shell("echo no >&2; exit 7"),
               shell("kill -9 $$"),
               shell("true"),
               {.argv = {"/nonexistent/program"}},
               shell("printf '%65536s' x")});
  CHECK(world.printed(0) == "0:a\nb");
  CHECK(world.printed(1) == "7:");
  CHECK(world.printed(2) == "137:");
  CHECK(world.printed(3) == "0:");
  CHECK(world.printed(4) == "127:");
  CHECK(world.printed(5).size() == 2 + base::bounds::kCommandOutBytesMax);
}

TEST_CASE("a program reads nothing, has no descriptor of ours, and a group of its own") {
  ::setenv("OP_SESSION", "for it", 1);
  ::setenv("KEYSWAP_PASSPHRASE", "not for it", 1);
  ::setenv("OTHER", "not for it", 1);
  CommandSpec named = shell("env | cut -d= -f1 | sort | tr '\\n' ' '");
  named.environment = {"OP_SESSION", "MISSING"};
  World world({shell("cat; readlink /proc/self/fd/0; ls /proc/self/fd | wc -l; pwd; "
                     "[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ] && echo alone"),
               named});
  const std::string seen = world.printed(0);
  CHECK(seen.starts_with("0:/dev/null\n"));
  CHECK(seen.ends_with("\n4\n/\nalone\n"));  // ls has one for the folder
  const std::string environment = world.printed(1);
  CHECK(environment.find("OP_SESSION") != std::string::npos);
  CHECK(environment.find("PATH") != std::string::npos);
  CHECK(environment.find("KEYSWAP") == std::string::npos);
  CHECK(environment.find("OTHER") == std::string::npos);
  ::unsetenv("KEYSWAP_PASSPHRASE");
}

TEST_CASE("a program past its time is asked to end, then killed, with all that it started") {
  World world(
      {shell("exec sleep 60", 100), shell("trap '' TERM; sleep 60 & sleep 60; sleep 60", 100)});
  CHECK(world.error(0) == Errc::timed_out);
  CHECK(world.error(1) == Errc::timed_out);
}

TEST_CASE("what a program leaves behind is ended with it, and not waited for") {
  World world({shell("sleep 60 & echo $!")});
  const std::string printed = world.printed();
  REQUIRE(printed.starts_with("0:"));
  CHECK(ends(static_cast<pid_t>(std::stol(printed.substr(2)))));
}

TEST_CASE("a program that prints past its bound is killed") {
  World world({shell("printf '%65537s' x; sleep 60")});
  CHECK(world.error() == Errc::limit_exceeded);
}

TEST_CASE("a long stderr is read, and no more of it than its bound") {
  World world({shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo fine")});
  CHECK(world.printed() == "0:fine\n");
}

TEST_CASE("a program that others could have put there is not run") {
  const test::TempFile witness("");
  World world({shell("echo run > " + witness.path())}, /*is_trusted=*/false);
  CHECK(world.error() == Errc::permission);

  struct stat info {};

  REQUIRE(::stat(witness.path().c_str(), &info) == 0);
  CHECK(info.st_size == 0);
}

TEST_CASE("a path that is not absolute is no program") {
  World world({{.argv = {"sh", "-c", "echo x"}}});
  CHECK(world.error() == Errc::permission);
}

TEST_CASE("more than run at once wait, and all are told") {
  std::vector<CommandSpec> commands;
  for (int i = 0; i < 12; ++i) {
    commands.push_back(shell("echo " + std::to_string(i)));
  }
  World world(commands);
  std::size_t told = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    world.launcher->ask(i, [&, i](const Answer& answer) {
      const auto* ended = std::get_if<vault::CommandAnswer>(&answer);
      REQUIRE(ended != nullptr);
      CHECK(ended->out.reveal() == std::to_string(i) + "\n");
      if (++told == commands.size()) {
        world.loop->stop();
      }
    });
  }
  world.loop->run();
  CHECK(told == commands.size());
}

TEST_CASE("the table is asked by the whole of a line") {
  const CommandSpec one = shell("echo 1");
  const World world({one});
  CHECK(world.launcher->find(one) == 0U);
  CommandSpec other = one;
  other.environment = {"HOME2"};
  CHECK_FALSE(world.launcher->find(other));
  CHECK_FALSE(world.launcher->find(shell("echo 2")));
}

TEST_CASE("who asks a launcher that has ended is told so") {
  World world({shell("kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); echo last"), shell("echo more")});
  CHECK(world.printed(0) == "0:last\n");
  CHECK(world.error(1) == Errc::unavailable);
  CHECK(world.error(1) == Errc::unavailable);
}

TEST_CASE("a program ends with the proxy") {
  const test::TempFile place("");
  pid_t program = 0;
  {
    World world({shell("echo $$ > " + place.path() + "; exec sleep 60")});
    world.launcher->ask(0, [](const Answer& /*answer*/) { FAIL("nobody is there any more"); });
    uv::Timer look(*world.loop, [&] {
      std::ifstream(place.path()) >> program;
      if (program != 0) {
        world.loop->stop();
      } else {
        look.set(10);
      }
    });
    look.set(10);
    world.loop->run();
  }
  CHECK(ends(program));
}

}  // namespace
}  // namespace keyswap
