// SPDX-License-Identifier: Apache-2.0
//
// The controlling terminal from a command's first hidden question to its end: nothing that is typed
// is shown, also between the questions, while a key is derived, say (I1). What is typed then is
// there for the next hidden question; what is left at the end is dropped, and no shell gets it.
// However the command ends or is stopped, by a return, an exit or a signal, the terminal is first
// put back as it was. There is one for the process, as there is one terminal, and as a handler of
// signals finds nothing else. For one thread; before threads are started it is restored.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>

#include <termios.h>

#include "proxy/cli/files.h"

namespace keyswap::cli {

// Does this process run in front on the terminal? Only then may it ask there: the kernel stops
// another one, and the shell gets what is typed.
bool is_in_front(int terminal);

class MutedTerminal {
 public:
  // Who acts on the keys that interrupt, quit and suspend.
  enum class Keys : unsigned char { question, terminal };

  MutedTerminal() = default;
  MutedTerminal(const MutedTerminal&) = delete;
  MutedTerminal& operator=(const MutedTerminal&) = delete;
  MutedTerminal(MutedTerminal&&) = delete;
  MutedTerminal& operator=(MutedTerminal&&) = delete;
  ~MutedTerminal();

  // Shows nothing from now on. What was typed before the first time is dropped: it was shown.
  // False where the terminal does not take it, or another process runs in front.
  bool mute(int terminal, Keys keys);

  // As it was before; what was typed and not read is dropped. Does nothing where nothing is muted.
  void restore();

  [[nodiscard]] bool is_muted() const { return own_.is_open(); }

  // As it was before: which key does what. Counts while it is muted.
  [[nodiscard]] const termios& before() const { return before_; }

 private:
  // What ends or stops a process that does not expect it.
  static constexpr std::array kSignals = {
      SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP, SIGABRT};

  static void act(int signal);
  void catch_signals();
  void release_signals();

  File own_;
  termios before_{};
  std::array<struct sigaction, kSignals.size()> actions_before_{};
};

// The process's one.
MutedTerminal& muted_terminal();

}  // namespace keyswap::cli
