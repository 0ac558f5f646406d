// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/supervise.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

namespace {

constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;

constexpr std::array kPassedOn = {
    SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2};

sigset_t held_signals() {
  sigset_t signals{};
  sigemptyset(&signals);
  for (const int signal : kPassedOn) {
    sigaddset(&signals, signal);
  }
  sigaddset(&signals, SIGCHLD);
  return signals;
}

int cannot_start(const Arguments& command, const base::Error& error) {
  const bool is_missing = error.number == ENOENT || error.number == ENOTDIR;
  report(
      {Exit::cannot,
       command.front() + (is_missing ? ": no such program" : ": " + explain(error)),
       is_missing ? "check its name and $PATH" : "check that it is a program and may be executed"});
  return is_missing ? kNotFound : kNotExecutable;
}

// Blocks the signals until it goes, so that each is taken by sigwaitinfo.
class SignalsHeld {
 public:
  explicit SignalsHeld(const sigset_t& signals) { pthread_sigmask(SIG_BLOCK, &signals, &before_); }

  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  SignalsHeld(SignalsHeld&&) = delete;
  SignalsHeld& operator=(SignalsHeld&&) = delete;

  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  // The mask as it was: what the command begins with.
  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

// From the terminal's keys (the kernel) or the shell's job control the command gets its own copy.
bool is_for_us_alone(const siginfo_t& info) {
  return info.si_code != SI_KERNEL;
}

// The command's status once it has ended. When it stops, so do we: whoever waits for us sees it.
std::optional<int> look_at_command(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
    if (!WIFSTOPPED(status)) {
      return shell_status(status);
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

}  // namespace

int supervise(const Arguments& command, const Variables& environment, pid_t proxy) {
  const sigset_t signals = held_signals();
  const SignalsHeld held(signals);
  Launch child;
  child.words = command;
  child.environment = &environment;
  child.signal_mask = held.before();
  const auto started = launch(child);
  if (!started) {
    return cannot_start(command, started.error());
  }
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&signals, &info);
    if (signal == SIGCHLD) {
      look_at_proxy(proxy);
      if (const auto status = look_at_command(*started)) {
        return *status;
      }
    } else if (signal > 0 && is_for_us_alone(info)) {
      kill(*started, signal);
    }
  }
}

}  // namespace keyswap::cli
