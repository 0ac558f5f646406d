// SPDX-License-Identifier: Apache-2.0
#include "vault/process_guard.h"

#include <cerrno>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "vault/secret.h"

namespace keyswap::vault {

base::Status forbid_tracing() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return base::Error{base::Errc::permission, "the process cannot be made undumpable", errno};
  }
  return {};
}

base::Status guard_process(std::size_t locked_bytes) {
  constexpr rlimit kNoCore = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &kNoCore) != 0) {
    return base::Error{base::Errc::permission, "core dumps cannot be switched off", errno};
  }
  // RLIMIT_CORE does not bind a core_pattern that is a pipe; this does, and keeps out ptrace and
  // /proc/PID/mem of other processes of the same user.
  KS_TRY(forbid_tracing());
  return lock_memory(locked_bytes);
}

}  // namespace keyswap::vault
