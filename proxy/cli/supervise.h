// SPDX-License-Identifier: Apache-2.0
//
// Being the parent of `keyswap run`'s command so that nobody notices: the terminal's keys reach the
// command by themselves (same process group), signals sent to us alone are passed on, a stop stops
// us too, and its end is ours.
#pragma once

#include <csignal>
#include <optional>

#include <sys/types.h>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/command.h"

namespace keyswap::cli {

// While it lives, the signals that a child of ours is to have are held for follow().
class PassedSignals {
 public:
  PassedSignals();
  PassedSignals(const PassedSignals&) = delete;
  PassedSignals& operator=(const PassedSignals&) = delete;
  PassedSignals(PassedSignals&&) = delete;
  PassedSignals& operator=(PassedSignals&&) = delete;
  ~PassedSignals();

  // The mask as it was: what the child begins with.
  [[nodiscard]] const sigset_t& before() const { return before_; }

  // To the child's end; gives its wait status. `proxy` as in supervise().
  [[nodiscard]] int follow(pid_t child, pid_t proxy) const;
  // The same, until the descriptor can be read: then nothing, also if the child has ended since.
  [[nodiscard]] std::optional<int> follow_until(pid_t child, int descriptor) const;

 private:
  sigset_t held_{};
  sigset_t before_{};

  struct sigaction child_ends_before_ {};
};

// Runs the command to its end; its status as a shell gives it, 127 when there is no such program,
// 126 when it cannot be run. `proxy` (0: none), a child of ours, is watched: its end is reported.
int supervise(const Arguments& command, const Variables& environment, pid_t proxy);

}  // namespace keyswap::cli
