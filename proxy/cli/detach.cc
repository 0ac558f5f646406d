// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/detach.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/base/bounds.h"
#include "proxy/base/line_output.h"
#include "proxy/cli/child.h"
#include "proxy/cli/supervise.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr mode_t kPrivateMode = 0600;

// What the child says on its way, to the end of the pipe.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 1024> piece{};
  for (;;) {
    const ssize_t count = read(descriptor, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return text;
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

// As a child that ended so: its status, or its signal.
int end_as(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    raise(WTERMSIG(wait_status));
  }
  return shell_status(wait_status);
}

}  // namespace

Problem Departure::open_log(const Home& home) {
  const std::string path = home.serve_log();
  nothing_ = File(open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY));
  log_ = File(open(path.c_str(),
                   O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                   kPrivateMode));

  struct stat info {};

  if (!log_.is_open() || fstat(log_.descriptor(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Failure{Exit::cannot,
                   "cannot open " + path + ": " + explain_errno(log_.is_open() ? EINVAL : errno),
                   "check the home's modes and the disk"};
  }
  if (info.st_size > static_cast<off_t>(base::bounds::kServeLogBytesMax) &&
      ftruncate(log_.descriptor(), 0) != 0) {
    return Failure{Exit::cannot, "cannot empty " + path + ": " + explain_errno(errno), "remove it"};
  }
  return std::nullopt;
}

base::Status Departure::leave_terminal() {
  if (setsid() < 0) {
    return base::Error{base::Errc::io, "cannot leave the terminal", errno};
  }
  return {};
}

void Departure::leave(std::string_view said) {
  static_cast<void>(write_all(tell_.descriptor(), said));
  dup2(nothing_.descriptor(), STDIN_FILENO);
  dup2(log_.descriptor(), STDOUT_FILENO);
  dup2(log_.descriptor(), STDERR_FILENO);
  base::standard_error().stop_waiting();
  nothing_.close();
  log_.close();
  tell_.close();
}

int run_detached(const std::function<int(Departure&)>& serves) {
  auto pipe = make_pipe();
  if (!pipe) {
    return report(pipe.failure());
  }
  std::optional<int> ended;
  {
    const PassedSignals passed;
    const pid_t child = fork();
    if (child < 0) {
      return report(
          {Exit::cannot, "cannot start a process: " + explain_errno(errno), "see: ulimit -u"});
    }
    if (child == 0) {
      pthread_sigmask(SIG_SETMASK, &passed.before(), nullptr);
      pipe->read_end.close();
      Departure departure(std::move(pipe->write_end));
      return serves(departure);
    }
    pipe->write_end.close();
    ended = passed.follow_until(child, pipe->read_end.descriptor());
  }
  if (ended) {
    return end_as(*ended);
  }
  print(read_all(pipe->read_end.descriptor()));
  return static_cast<int>(Exit::done);
}

}  // namespace keyswap::cli
