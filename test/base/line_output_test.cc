// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/line_output.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

namespace keyswap::base {

namespace {

constexpr int kLines = 20'000;  // more than any pipe, socket or terminal takes

// Two ends: what is written to one is read from the other.
struct Ends {
  int reading = -1;
  int writing = -1;

  Ends() = default;
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  Ends(Ends&& other) noexcept : reading(other.reading), writing(other.writing) {
    other.reading = other.writing = -1;
  }

  Ends& operator=(Ends&&) = delete;

  ~Ends() {
    ::close(reading);
    ::close(writing);
  }

  // All that is there. (A terminal's bytes are carried over by the kernel a little later.)
  [[nodiscard]] std::string read_all() const {
    constexpr int kQuietMs = 50;
    std::string all;
    std::array<char, 4096> piece{};
    pollfd asked{reading, POLLIN, 0};
    while (::poll(&asked, 1, kQuietMs) == 1) {
      const ssize_t count = ::read(reading, piece.data(), piece.size());
      if (count <= 0) {
        break;
      }
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
};

Ends make_pipe() {
  std::array<int, 2> both{};
  REQUIRE(::pipe2(both.data(), O_CLOEXEC) == 0);
  Ends ends;
  ends.reading = both[0];
  ends.writing = both[1];
  return ends;
}

Ends make_sockets() {
  std::array<int, 2> both{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()) == 0);
  Ends ends;
  ends.reading = both[0];
  ends.writing = both[1];
  return ends;
}

// A terminal whose reader stopped it (Ctrl-S), or reads it no more.
Ends make_terminal() {
  Ends ends;
  ends.reading = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(ends.reading >= 0);
  REQUIRE(::grantpt(ends.reading) == 0);
  REQUIRE(::unlockpt(ends.reading) == 0);
  std::array<char, 64> name{};
  REQUIRE(::ptsname_r(ends.reading, name.data(), name.size()) == 0);
  ends.writing = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(ends.writing >= 0);
  termios raw{};
  REQUIRE(::tcgetattr(ends.writing, &raw) == 0);
  ::cfmakeraw(&raw);
  REQUIRE(::tcsetattr(ends.writing, TCSANOW, &raw) == 0);
  return ends;
}

std::string line_number(int number) {
  return "line " + std::to_string(number) + " of the log\n";
}

// The lines come in their order, whole; gives how many, and how many are said to be missing.
struct Read {
  int lines = 0;
  int missing = 0;
};

Read judge(const std::string& text) {
  Read read;
  REQUIRE(text.ends_with('\n'));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    begin = end;
    if (const std::size_t said = line.find("warning: "); said != std::string::npos) {
      REQUIRE(line.ends_with(" lines are missing here: nobody read them in time\n"));
      read.missing += std::stoi(line.substr(said + 9));
    } else {
      REQUIRE(line == line_number(read.lines + read.missing));
      ++read.lines;
    }
  }
  return read;
}

}  // namespace

TEST_CASE("nobody reads: no write waits, and what is missing is told when there is room") {
  const Ends ends = [] {
    SECTION("a pipe") {
      return make_pipe();
    }
    SECTION("a socket, as of a journal") {
      return make_sockets();
    }
    SECTION("a terminal") {
      return make_terminal();
    }
    return make_pipe();
  }();
  LineOutput output(ends.writing);
  output.stop_waiting();
  for (int number = 0; number < kLines; ++number) {
    output.write(line_number(number));
  }
  std::string text = ends.read_all();
  REQUIRE_FALSE(text.empty());
  output.tell_dropped();
  text += ends.read_all();
  output.write(line_number(kLines));
  text += ends.read_all();
  const Read read = judge(text);
  CHECK(read.missing > 0);
  CHECK(read.lines + read.missing == kLines + 1);
  output.tell_dropped();
  CHECK(ends.read_all().empty());
}

TEST_CASE("the mode of a pipe that others write to, too, stays as it was") {
  const Ends ends = make_pipe();
  LineOutput output(ends.writing);
  output.stop_waiting();
  output.write("a\n");
  CHECK((::fcntl(ends.writing, F_GETFL) & O_NONBLOCK) == 0);
  CHECK(ends.read_all() == "a\n");
}

TEST_CASE("a disk that is full, or an output that is closed, loses the line and no more") {
  SECTION("full") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    LineOutput output(full);
    output.stop_waiting();
    output.write("a\n");
    output.tell_dropped();
    ::close(full);
  }
  SECTION("closed") {
    LineOutput output(-1);
    output.write("a\n");
    output.stop_waiting();
    output.write("a\n");
  }
  SECTION("its reader is gone") {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    Ends ends = make_pipe();
    LineOutput output(ends.writing);
    output.stop_waiting();
    ::close(ends.reading);
    ends.reading = -1;
    output.write("a\n");
    output.write("a\n");
    static_cast<void>(std::signal(SIGPIPE, before));
  }
  SUCCEED("came back");
}

TEST_CASE("a command waits for its reader and loses nothing") {
  const Ends ends = make_pipe();
  LineOutput output(ends.writing);
  output.write("a\nb\n");
  output.write("");
  CHECK(ends.read_all() == "a\nb\n");
}

}  // namespace keyswap::base
