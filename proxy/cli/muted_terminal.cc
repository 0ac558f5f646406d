// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/muted_terminal.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace keyswap::cli {

namespace {

// All of what is called here may be called by a handler of signals.
bool set_mode(int terminal, int when, const termios& mode) {
  int done = tcsetattr(terminal, when, &mode);
  while (done != 0 && errno == EINTR) {
    done = tcsetattr(terminal, when, &mode);
  }
  return done == 0;
}

termios muted(const termios& before, MutedTerminal::Keys keys) {
  termios mode = before;
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN);
  if (keys == MutedTerminal::Keys::question) {
    mode.c_lflag &= ~static_cast<tcflag_t>(ISIG);
  }
  mode.c_cc[VMIN] = 1;
  mode.c_cc[VTIME] = 0;
  return mode;
}

void act_by_default(int signal, struct sigaction* before) {
  struct sigaction usual {};

  usual.sa_handler = SIG_DFL;
  sigaction(signal, &usual, before);
}

}  // namespace

bool is_in_front(int terminal) {
  const pid_t in_front = tcgetpgrp(terminal);
  return in_front < 0 || in_front == getpgrp();  // where nobody knows, the kernel stops nobody
}

MutedTerminal::~MutedTerminal() {
  restore();
}

bool MutedTerminal::mute(int terminal, Keys keys) {
  if (!is_in_front(terminal)) {
    return false;
  }
  if (is_muted()) {
    return set_mode(own_.descriptor(), TCSANOW, muted(before_, keys));
  }
  if (tcgetattr(terminal, &before_) != 0) {
    return false;
  }
  own_ = File(fcntl(terminal, F_DUPFD_CLOEXEC, 0));
  if (!own_.is_open()) {
    return false;
  }
  catch_signals();
  if (set_mode(own_.descriptor(), TCSAFLUSH, muted(before_, keys))) {
    return true;
  }
  restore();
  return false;
}

void MutedTerminal::restore() {
  if (!is_muted()) {
    return;
  }
  if (is_in_front(own_.descriptor())) {
    set_mode(own_.descriptor(), TCSAFLUSH, before_);
  }
  release_signals();
  own_.close();
}

// The handler. The terminal first; then the signal does what it does, and for most that is the end.
void MutedTerminal::act(int signal) {
  const int number_before = errno;
  const MutedTerminal& process = muted_terminal();
  const int terminal = process.own_.descriptor();
  if (is_in_front(terminal)) {
    set_mode(terminal, TCSAFLUSH, process.before_);
  }

  struct sigaction ours {};

  act_by_default(signal, &ours);
  raise(signal);
  // It was a stop, and is over.
  sigaction(signal, &ours, nullptr);
  if (is_in_front(terminal)) {
    set_mode(terminal, TCSAFLUSH, muted(process.before_, Keys::terminal));
  }
  errno = number_before;
}

// One that is ignored, or that somebody else takes, is left to it.
void MutedTerminal::catch_signals() {
  struct sigaction ours {};

  ours.sa_handler = act;
  ours.sa_flags = SA_NODEFER | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (sigaction(kSignals[i], nullptr, &actions_before_[i]) == 0 &&
        (actions_before_[i].sa_flags & SA_SIGINFO) == 0 &&
        actions_before_[i].sa_handler == SIG_DFL) {
      sigaction(kSignals[i], &ours, nullptr);
    }
  }
}

void MutedTerminal::release_signals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction now {};

    if (sigaction(kSignals[i], nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
        now.sa_handler == act) {
      sigaction(kSignals[i], &actions_before_[i], nullptr);
    }
  }
}

MutedTerminal& muted_terminal() {
  static MutedTerminal terminal;
  return terminal;
}

}  // namespace keyswap::cli
