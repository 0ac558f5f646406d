// SPDX-License-Identifier: Apache-2.0
#include "proxy/launcher/command_child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/launcher/launcher_message.h"
#include "vault/secret.h"

namespace keyswap::launcher {

namespace {

namespace bounds = base::bounds;
using Time = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kOfSignal = 128;     // as a shell shows that a signal ended a program
constexpr int kNotExecuted = 127;  // likewise that there was none

struct Pipe {
  int read = -1;
  int write = -1;

  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return false;
    }
    read = ends[0];
    write = ends[1];
    return ::fcntl(read, F_SETFL, O_NONBLOCK) == 0;  // NOLINT: the system's only way
  }
};

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) {
    pointers.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execve changes nothing
  }
  pointers.push_back(nullptr);
  return pointers;
}

// In the program's own process.
[[noreturn]] void become(const PreparedCommand& prepared, int out, int told) {
  sigset_t none;
  sigemptyset(&none);
  static_cast<void>(::setpgid(0, 0));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) {
    static_cast<void>(std::signal(signal, SIG_DFL));
  }
  const auto argv = pointers_to(prepared.command.argv);
  const auto environment = pointers_to(prepared.environment);
  // stdin is /dev/null already.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the system's only way
  const bool is_ready = ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
                        ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 &&
                        ::dup2(out, STDOUT_FILENO) >= 0 && ::dup2(told, STDERR_FILENO) >= 0 &&
                        ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0 &&
                        ::chdir("/") == 0;
  if (is_ready) {
    ::execve(argv.front(), argv.data(), environment.data());
  }
  ::_exit(kNotExecuted);
}

class Watched {
 public:
  Watched(int socket, const PreparedCommand& prepared, vault::LockedBytes room)
      : socket_(socket), prepared_(&prepared), room_(std::move(room)) {}

  // Until the program has ended.
  AnswerMessage run();

  [[nodiscard]] iovec printed() { return {room_.data(), out_bytes_}; }

  [[nodiscard]] iovec told() { return {told_.data(), told_bytes_}; }

 private:
  bool start();
  void wait();
  void read_out();
  void read_told();
  void look_for_end();
  void end_group(Ending why, int signal);
  void look_at_time();
  [[nodiscard]] int wait_ms() const;

  int socket_;
  const PreparedCommand* prepared_;
  vault::LockedBytes room_;  // for what may be printed, and one byte that is too much
  std::array<char, bounds::kCommandToldBytesMax> told_{};
  std::size_t out_bytes_ = 0;
  std::size_t told_bytes_ = 0;
  Pipe out_;
  Pipe said_;
  int signals_ = -1;
  pid_t child_ = -1;
  std::optional<int> status_;  // it has ended
  Ending ending_ = Ending::exited;
  Time::time_point due_;  // when it is asked to end, then when it is killed
};

AnswerMessage Watched::run() {
  AnswerMessage answer;
  if (!start()) {
    return answer;
  }
  while (!status_) {
    wait();
  }
  // What it left behind of its group, and what stands in the pipes still.
  static_cast<void>(::kill(-child_, SIGKILL));
  read_out();
  read_told();
  answer.ending = ending_;
  answer.status = *status_;
  answer.out_bytes = static_cast<std::uint32_t>(out_bytes_);
  answer.told_bytes = static_cast<std::uint32_t>(told_bytes_);
  return answer;
}

bool Watched::start() {
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  const bool is_ready = out_.open() && said_.open() &&
                        ::sigprocmask(SIG_BLOCK, &ended, nullptr) == 0 &&
                        (signals_ = ::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK)) >= 0;
  if (!is_ready) {
    return false;
  }
  child_ = ::fork();
  if (child_ == 0) {
    become(*prepared_, out_.write, said_.write);
  }
  ::close(out_.write);
  ::close(said_.write);
  if (child_ < 0) {
    return false;
  }
  static_cast<void>(::setpgid(child_, child_));  // whoever of the two comes first
  due_ = Time::now() + milliseconds(prepared_->command.timeout_ms);
  return true;
}

void Watched::wait() {
  std::array<pollfd, 4> files = {pollfd{out_.read, POLLIN, 0},
                                 pollfd{said_.read, POLLIN, 0},
                                 pollfd{signals_, POLLIN, 0},
                                 pollfd{socket_, 0, 0}};  // its hang-up alone
  static_cast<void>(::poll(files.data(), files.size(), wait_ms()));
  if ((files[3].revents & (POLLHUP | POLLERR)) != 0) {
    static_cast<void>(::kill(-child_, SIGKILL));  // the proxy has ended: nobody waits for it
    ::_exit(1);
  }
  read_out();
  read_told();
  look_for_end();
  if (!status_) {
    look_at_time();
  }
}

// Its end is read by look_for_end(): a program may close what it prints to before.
void Watched::read_out() {
  while (out_.read >= 0) {
    const ssize_t count = ::read(out_.read, room_.data() + out_bytes_, room_.size() - out_bytes_);
    if (count > 0) {
      out_bytes_ += static_cast<std::size_t>(count);
      if (out_bytes_ > bounds::kCommandOutBytesMax) {
        out_bytes_ = 0;
        end_group(Ending::too_much, SIGKILL);
        ::close(std::exchange(out_.read, -1));
      }
    } else if (count == 0) {
      ::close(std::exchange(out_.read, -1));
    } else if (errno != EINTR) {
      return;
    }
  }
}

void Watched::read_told() {
  std::array<char, bounds::kCommandToldBytesMax> piece{};
  while (said_.read >= 0) {
    const ssize_t count = ::read(said_.read, piece.data(), piece.size());
    if (count > 0) {
      const std::size_t kept =
          std::min(static_cast<std::size_t>(count), told_.size() - told_bytes_);
      std::copy_n(piece.begin(), kept, told_.begin() + static_cast<std::ptrdiff_t>(told_bytes_));
      told_bytes_ += kept;
    } else if (count == 0) {
      ::close(std::exchange(said_.read, -1));
    } else if (errno != EINTR) {
      return;
    }
  }
}

void Watched::look_for_end() {
  signalfd_siginfo seen{};
  // Empty where another signal took its place: whether the child ended is asked all the same.
  [[maybe_unused]] const auto count = ::read(signals_, &seen, sizeof(seen));
  int status = 0;
  if (::waitpid(child_, &status, WNOHANG) == child_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : kOfSignal + WTERMSIG(status);
  }
}

void Watched::end_group(Ending why, int signal) {
  if (ending_ == Ending::exited) {
    ending_ = why;
  }
  static_cast<void>(::kill(-child_, signal));
}

// First it is asked, then it is not.
void Watched::look_at_time() {
  if (Time::now() < due_) {
    return;
  }
  const bool was_asked = ending_ == Ending::timed_out;
  end_group(Ending::timed_out, was_asked ? SIGKILL : SIGTERM);
  due_ = Time::now() + milliseconds(bounds::kCommandKillMs);
}

int Watched::wait_ms() const {
  const auto left = std::chrono::ceil<milliseconds>(due_ - Time::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, bounds::kCommandMsMax));
}

void send_answer(int socket, AnswerMessage answer, iovec printed, iovec told) {
  std::array<iovec, 3> parts = {iovec{&answer, sizeof(answer)}, printed, told};
  msghdr whole{};
  whole.msg_iov = parts.data();
  whole.msg_iovlen = parts.size();
  static_cast<void>(::sendmsg(socket, &whole, MSG_NOSIGNAL));
}

// I1: what was printed lies in locked memory here, too; without it nothing is run (I13).
void run_watched(int socket, std::uint64_t id, const PreparedCommand& prepared) {
  const auto locked = vault::lock_memory();
  auto room = vault::LockedBytes::of_size(bounds::kCommandOutBytesMax + 1);
  if (!locked || !room) {
    answer_not_started(socket, id);
    return;
  }
  Watched watched(socket, prepared, std::move(*room));
  AnswerMessage answer = watched.run();
  answer.id = id;
  send_answer(socket, answer, watched.printed(), watched.told());
}

}  // namespace

void run_command(int socket,
                 std::uint64_t id,
                 const PreparedCommand& command,
                 const IsTrusted& is_trusted) {
  const std::string& program = command.command.argv.front();
  if (!program.starts_with('/') || !is_trusted(program)) {
    send_answer(socket, {.id = id, .ending = Ending::not_trusted}, {}, {});
  } else {
    run_watched(socket, id, command);
  }
  ::_exit(0);
}

void answer_not_started(int socket, std::uint64_t id) {
  send_answer(socket, {.id = id, .ending = Ending::not_started}, {}, {});
}

}  // namespace keyswap::launcher
