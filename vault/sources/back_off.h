// SPDX-License-Identifier: Apache-2.0
//
// When a source, or one key of it, that failed is asked again: after a while that doubles, so that
// nobody hammers it, and not by all proxies at the same moment.
#pragma once

#include <algorithm>
#include <cstdint>

#include "proxy/base/bounds.h"
#include "vault/sources/cache.h"

namespace keyswap::vault {

class BackOff {
 public:
  void worked() {
    wait_ms_ = 0;
    next_try_us_ = 0;
    told_us_ = -1;
  }

  // Of what was begun then. What was under way already when the source asked for rest does not
  // speak against that.
  void worked(std::int64_t begun_us) {
    if (begun_us > told_us_) {
      worked();
    }
  }

  // A wait is not made shorter by another failure meanwhile.
  void failed(std::int64_t now_us, const Failed& failed, const Draw& draw) {
    namespace bounds = base::bounds;
    wait_ms_ = std::clamp(wait_ms_ * 2, bounds::kSourceAgainMs, bounds::kSourceAgainMsMax);
    constexpr std::int64_t kJitterPart = 4;
    const auto jitter_ms =
        static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(wait_ms_ / kJitterPart) + 1));
    const std::int64_t told_ms = std::min(failed.retry_after_ms, bounds::kSourceRetryAfterMsMax);
    constexpr std::int64_t kUsPerMs = 1000;
    told_us_ = failed.asks_for_rest() ? now_us : is_waiting(now_us) ? told_us_ : -1;
    next_try_us_ =
        std::max(next_try_us_, now_us + std::max(told_ms, wait_ms_ + jitter_ms) * kUsPerMs);
  }

  [[nodiscard]] bool is_waiting(std::int64_t now_us) const { return now_us < next_try_us_; }

  // It waits because the source asked for it.
  [[nodiscard]] bool is_told(std::int64_t now_us) const {
    return told_us_ >= 0 && is_waiting(now_us);
  }

  // Seconds until then, rounded up.
  [[nodiscard]] std::int64_t again_s(std::int64_t now_us) const {
    constexpr std::int64_t kUsPerSecond = 1'000'000;
    return (next_try_us_ - now_us + kUsPerSecond - 1) / kUsPerSecond;
  }

  // By the steady clock; 0: the last one worked.
  [[nodiscard]] std::int64_t next_try_us() const { return next_try_us_; }

 private:
  std::int64_t wait_ms_ = 0;
  std::int64_t next_try_us_ = 0;
  std::int64_t told_us_ = -1;  // when the source asked for it; -1: it did not
};

}  // namespace keyswap::vault
