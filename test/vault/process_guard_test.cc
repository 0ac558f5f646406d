// SPDX-License-Identifier: Apache-2.0
#include "vault/process_guard.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "test/vault/sample.h"

namespace keyswap::vault {

TEST_CASE("A guarded process leaves no core, cannot be traced and has memory for secrets", "[I1]") {
  REQUIRE(sample::in_child([] {
    rlimit core = {1, 1};
    return guard_process().has_value() && ::getrlimit(RLIMIT_CORE, &core) == 0 &&
           core.rlim_cur == 0 && core.rlim_max == 0 && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           LockedBytes::of_size(32).has_value();
  }));
}

TEST_CASE("A process that only hides itself keeps its limits for its children", "[I1]") {
  REQUIRE(sample::in_child([] {
    rlimit before = {};
    rlimit after = {};
    return ::getrlimit(RLIMIT_CORE, &before) == 0 && forbid_tracing().has_value() &&
           ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && ::getrlimit(RLIMIT_CORE, &after) == 0 &&
           before.rlim_cur == after.rlim_cur && before.rlim_max == after.rlim_max;
  }));
}

TEST_CASE("A process that cannot lock memory is not guarded, and is told so", "[I13]") {
  REQUIRE(sample::in_child([] {
    constexpr rlimit kNothing = {0, 0};
    constexpr uid_t kNobody = 65534;
    if (::setrlimit(RLIMIT_MEMLOCK, &kNothing) != 0) {
      return false;
    }
    if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) {
      return false;
    }
    const auto guarded = guard_process();
    return !guarded && guarded.error().code == base::Errc::permission;
  }));
}

}  // namespace keyswap::vault
