// SPDX-License-Identifier: Apache-2.0
//
// Holds SIGINT, SIGTERM, SIGHUP and SIGQUIT as long as it lives: what was begun is finished or
// taken back first, and one that comes meanwhile counts then.
#pragma once

#include <csignal>

namespace keyswap::cli {

class SignalHold {
 public:
  SignalHold();
  SignalHold(const SignalHold&) = delete;
  SignalHold& operator=(const SignalHold&) = delete;
  SignalHold(SignalHold&&) = delete;
  SignalHold& operator=(SignalHold&&) = delete;
  ~SignalHold();

  // Has one come meanwhile?
  [[nodiscard]] static bool has_one();

 private:
  sigset_t before_{};
};

}  // namespace keyswap::cli
