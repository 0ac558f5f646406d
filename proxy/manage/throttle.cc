// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/throttle.h"

#include <algorithm>
#include <array>

#include "proxy/base/manage_bounds.h"

namespace keyswap::manage {

namespace {

constexpr std::int64_t kWindowUs = base::bounds::kManageFailureWindowMs * 1'000;
constexpr std::int64_t kUsPerSecond = 1'000'000;
// Of the answer to the first failure within the window, the second ..., the last.
constexpr std::array<std::int64_t, 5> kDelaysMs = {0, 0, 1'000, 2'000, 5'000};
static_assert(kDelaysMs.size() == base::bounds::kManageFailuresMax);

}  // namespace

std::int64_t Throttle::wait_s(std::int64_t steady_us) {
  while (!failures_us_.empty() && steady_us - failures_us_.front() >= kWindowUs) {
    failures_us_.pop_front();
  }
  if (failures_us_.size() < base::bounds::kManageFailuresMax) {
    return 0;
  }
  const std::int64_t left_us = failures_us_.front() + kWindowUs - steady_us;
  return std::max<std::int64_t>((left_us + kUsPerSecond - 1) / kUsPerSecond, 1);
}

std::int64_t Throttle::failed(std::int64_t steady_us) {
  failures_us_.push_back(steady_us);
  return kDelaysMs.at(std::min(failures_us_.size(), kDelaysMs.size()) - 1);
}

}  // namespace keyswap::manage
