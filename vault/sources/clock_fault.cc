// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/clock_fault.h"

#include <cstdlib>

#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

constexpr std::int64_t kUsInSecond = 1'000'000;
// A clock that drifts is refused first where it is just as far off as it may be. There the answer
// may say a little less: a Date has whole seconds, and the answer was some time on its way.
constexpr std::int64_t kNearlyS = 5;

}  // namespace

std::optional<Failed> fail_of_clock(const CallAnswer& answer,
                                    std::int64_t now_us,
                                    std::int64_t off_max_s) {
  if (!answer.date_s || std::abs(*answer.date_s - now_us / kUsInSecond) <= off_max_s - kNearlyS) {
    return std::nullopt;
  }
  return fail(FetchFault::unavailable, "clock_differs");
}

}  // namespace keyswap::vault
