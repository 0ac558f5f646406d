// SPDX-License-Identifier: Apache-2.0
//
// Every fuzz target runs under the list of system calls that is left to `keyswap serve`
// (proxy/sandbox/system_calls.h): what a parser needed besides would fail here first. libFuzzer
// calls this once, before the first input and before it has a thread.
#include <array>
#include <filesystem>
#include <system_error>

#include "proxy/base/assert.h"
#include "proxy/sandbox/system_calls.h"

namespace {

// What the engine needs besides: a thread that watches the memory, a timer, a folder for what it
// finds; and LeakSanitizer, which stops all threads from a process of its own.
constexpr std::array kEngine = {"alarm",
                                "arch_prctl",
                                "clone",
                                "clone3",
                                "kill",
                                "mkdir",
                                "mmap",
                                "mprotect",
                                "prctl",
                                "prlimit64",
                                "ptrace",
                                "sched_setaffinity",
                                "set_tid_address",
                                "setitimer",
                                "tgkill",
                                "tkill",
                                "wait4",
                                "waitid"};

// One input that was found is looked at again without it: for the names in its report a sanitizer
// starts another program.
bool is_replay(int count, char** words) {
  std::error_code ignored;
  return count > 1 && std::filesystem::is_regular_file(words[count - 1], ignored);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  KS_ASSERT(is_replay(*argc, *argv) ||
            keyswap::sandbox::restrict_system_calls(kEngine).has_value());
  return 0;
}
