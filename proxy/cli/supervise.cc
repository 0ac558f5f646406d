// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/supervise.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/files.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;

constexpr std::array kPassedOn = {
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2};

int cannot_start(const Arguments& command, const base::Error& error) {
  const bool is_missing = error.number == ENOENT || error.number == ENOTDIR;
  report(
      {Exit::cannot,
       command.front() + (is_missing ? ": no such program" : ": " + explain(error)),
       is_missing ? "check its name and $PATH" : "check that it is a program and may be executed"});
  return is_missing ? kNotFound : kNotExecutable;
}

// Of the terminal's keys, which the kernel sends, the command gets its own copy. What somebody
// sends to the whole group (timeout(1)) looks as if it were for us alone, and reaches the command
// twice: once too often is better than not at all.
bool is_for_us_alone(const siginfo_t& info) {
  return info.si_code != SI_KERNEL;
}

// The child's wait status once it has ended. When it stops, so do we: whoever waits for us sees it.
std::optional<int> look_at_child(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
    if (!WIFSTOPPED(status)) {
      return status;
    }
    kill(getpid(), SIGSTOP);
  }
  return std::nullopt;
}

void look_at_proxy(pid_t& proxy) {
  if (proxy != 0 && wait_for_end(proxy, 0)) {
    warn("the proxy has ended: calls of the command fail from now on", "run the command again");
    proxy = 0;
  }
}

bool can_be_read(int descriptor) {
  pollfd ready{descriptor, POLLIN, 0};
  return poll(&ready, 1, 0) > 0 && (ready.revents & POLLIN) != 0;
}

}  // namespace

PassedSignals::PassedSignals() {
  sigemptyset(&held_);
  for (const int signal : kPassedOn) {
    sigaddset(&held_, signal);
  }
  sigaddset(&held_, SIGCHLD);
  pthread_sigmask(SIG_BLOCK, &held_, &before_);

  // Who started us may ignore the ends of children, and then nobody would hear of them.
  struct sigaction usual {};

  usual.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &usual, &child_ends_before_);
}

PassedSignals::~PassedSignals() {
  sigaction(SIGCHLD, &child_ends_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int PassedSignals::follow(pid_t child, pid_t proxy) const {
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&held_, &info);
    if (signal == SIGCHLD) {
      look_at_proxy(proxy);
      if (const auto status = look_at_child(child)) {
        return *status;
      }
    } else if (signal > 0 && is_for_us_alone(info)) {
      kill(child, signal);
    }
  }
}

std::optional<int> PassedSignals::follow_until(pid_t child, int descriptor) const {
  const File signals(signalfd(-1, &held_, SFD_CLOEXEC | SFD_NONBLOCK));
  std::array<pollfd, 2> ready = {pollfd{signals.descriptor(), POLLIN, 0},
                                 pollfd{descriptor, POLLIN, 0}};
  for (;;) {
    if (poll(ready.data(), ready.size(), -1) < 0) {
      continue;
    }
    signalfd_siginfo info{};
    const bool has_signal =
        read(signals.descriptor(), &info, sizeof info) == static_cast<ssize_t>(sizeof info);
    if (has_signal && info.ssi_signo != SIGCHLD) {
      if (info.ssi_code != SI_KERNEL) {
        kill(child, static_cast<int>(info.ssi_signo));
      }
    } else if (has_signal) {
      if (const auto status = look_at_child(child)) {
        // What it said before it ended counts, though its end is seen first.
        return can_be_read(descriptor) ? std::nullopt : status;
      }
    } else if ((ready[1].revents & POLLIN) != 0) {
      return std::nullopt;
    } else if (ready[1].revents != 0) {
      ready[1].fd = -1;  // it ends without a word, and SIGCHLD says how
    }
  }
}

int supervise(const Arguments& command, const Variables& environment, pid_t proxy) {
  const PassedSignals passed;
  Launch child;
  child.words = command;
  child.environment = &environment;
  child.inherits = Inherits::all;  // what our caller gave it; nothing of ours is among it
  child.signal_mask = passed.before();
  const auto started = launch(child);
  return started ? shell_status(passed.follow(*started, proxy))
                 : cannot_start(command, started.error());
}

}  // namespace keyswap::cli
