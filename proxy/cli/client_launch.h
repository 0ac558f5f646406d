// SPDX-License-Identifier: Apache-2.0
//
// Running a program that was found on PATH, to see what it does: it gets the variables that are
// given and no other, no descriptor but a pipe for its answer, no terminal, and only so much time.
// It begins in a folder that is named: many programs read settings in the working directory, or run
// what lies there (Python's modules, Bun's preload), which is nobody's choice.
// Whatever it is that bears its name learns nothing (I1).
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/child.h"
#include "proxy/cli/client_environment.h"

namespace keyswap::cli {

// What such a program needs of the shell's variables to be found and to start: version managers put
// scripts in the place of programs.
Variables needed_to_start(const Variables& shell);

// One that is running, with what started it or what it started.
class LaunchedClient {
 public:
  static base::Result<LaunchedClient> start(const std::vector<std::string>& words,
                                            const Variables& environment,
                                            const std::string& folder);
  LaunchedClient(const LaunchedClient&) = delete;
  LaunchedClient& operator=(const LaunchedClient&) = delete;
  LaunchedClient(LaunchedClient&& other) noexcept;
  LaunchedClient& operator=(LaunchedClient&&) = delete;
  ~LaunchedClient();

  // What it printed until its end, at most the first kClientAnswerBytesMax bytes. After `wait_ms`
  // it is ended; then what it printed until then.
  std::string await_answer(int wait_ms);

 private:
  LaunchedClient(pid_t child, File answer) : child_(child), answer_(std::move(answer)) {}

  void end();

  pid_t child_ = 0;  // 0 once it has ended
  File answer_;
};

}  // namespace keyswap::cli
