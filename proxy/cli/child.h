// SPDX-License-Identifier: Apache-2.0
//
// Starting other programs: the proxy of `run` and `demo` (this same binary), the command that `run`
// is given, and what `doctor` asks for its version. A child gets the descriptors that it is meant
// to have and no other: everything this program opens is close-on-exec.
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/failure.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

struct Pipe {
  File read_end;
  File write_end;
};

Outcome<Pipe> make_pipe();

// own: the terminal's signal keys pass it by, and it does not read our standard input.
enum class ProcessGroup : unsigned char { same, own };

// What a child has of the descriptors that this program was started with: all of them, stdin,
// stdout and stderr, or none (/dev/null in the place of these).
enum class Inherits : unsigned char { all, standard, nothing };

// The number under which a child finds the descriptor that it is passed.
inline constexpr int kPassedDescriptor = 3;

struct Launch {
  std::vector<std::string> words;  // the program and its arguments
  const Variables* environment = nullptr;
  ProcessGroup group = ProcessGroup::same;
  Inherits inherits = Inherits::standard;
  std::string folder = {};  // where it begins; "" = where we are
  int output = -1;          // becomes its standard output, if >= 0
  int passed = -1;          // above stderr; becomes kPassedDescriptor, if >= 0 (not with `all`)
  sigset_t signal_mask{};   // it begins with
};

// Gives its pid, or errno: ENOENT (no such program), EACCES, ENOEXEC ...
base::Result<pid_t> launch(const Launch& launch);

// The program of that name in the folders of `path` (as in $PATH) that are absolute: what lies in
// the working directory is nobody's choice. "" when there is none.
std::string find_program(const std::string& name, const std::string& path);

// 0-255 as a shell gives it: the exit status, or 128 + the signal's number.
int shell_status(int wait_status);

// Waits for the child's end, at most so long; its wait status, or nothing.
std::optional<int> wait_for_end(pid_t child, int wait_ms);

// This program, to be started again.
inline constexpr const char* kOwnProgram = "/proc/self/exe";

// What a proxy that was started says when it is ready ("proxy" of its JSON line), read from
// `output`. Nothing when it ends or `wait_ms` pass before.
std::optional<std::string> read_ready_address(int output, int wait_ms);

}  // namespace keyswap::cli
