// SPDX-License-Identifier: Apache-2.0
//
// For programmer errors only, on in every build: prints file and line, nothing else, and aborts.
// Bytes from outside are never asserted on: they are a Result.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace keyswap::base {

[[noreturn]] inline void assertion_failed(const char* file, int line) {
  static_cast<void>(std::fprintf(stderr, "keyswap: assertion failed at %s:%d\n", file, line));
  std::abort();
}

}  // namespace keyswap::base

#define KS_ASSERT(condition)                                 \
  do {                                                       \
    if (!(condition)) {                                      \
      ::keyswap::base::assertion_failed(__FILE__, __LINE__); \
    }                                                        \
  } while (false)

#define KS_UNREACHABLE() ::keyswap::base::assertion_failed(__FILE__, __LINE__)
