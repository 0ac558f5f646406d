// SPDX-License-Identifier: Apache-2.0
#include "proxy/limits/token_bucket.h"

#include <algorithm>

namespace keyswap::limits {

namespace {

constexpr std::int64_t kNsPerUs = 1'000;
constexpr std::int64_t kNsPerMs = 1'000'000;
// By so much the clocks of two loops may seem to differ. Beyond it the bucket was filled under a
// slower rate, by which nobody should have to wait any more.
constexpr std::int64_t kSkewNs = 1'000 * kNsPerMs;

// When a bucket of `rate` will be full again, as seen from `now_ns`.
std::int64_t clamped(std::int64_t full_at_ns, const Rate& rate, std::int64_t now_ns) {
  const bool is_of_slower_rate = full_at_ns > now_ns + rate.burst_ns + kSkewNs;
  return is_of_slower_rate ? now_ns + rate.burst_ns : std::max(full_at_ns, now_ns);
}

// Past the burst by so much; 0 or less: there is a token.
std::int64_t lack_ns(std::int64_t full_at_ns, const Rate& rate, std::int64_t now_ns) {
  return full_at_ns + rate.interval_ns - rate.burst_ns - now_ns;
}

std::int64_t to_us(std::int64_t ns) {
  return (ns + kNsPerUs - 1) / kNsPerUs;
}

}  // namespace

Rate Rate::of(std::int64_t requests, std::int64_t per_ms) {
  const std::int64_t interval_ns = (per_ms * kNsPerMs + requests - 1) / requests;
  return {interval_ns, interval_ns * requests};
}

std::optional<std::int64_t> TokenBucket::take(const Rate& rate, std::int64_t now_us) {
  const std::int64_t now_ns = now_us * kNsPerUs;
  std::int64_t stored = full_at_ns_.load(std::memory_order_relaxed);
  std::int64_t lack = 0;
  std::int64_t next = 0;
  do {
    const std::int64_t full_at = clamped(stored, rate, now_ns);
    lack = lack_ns(full_at, rate, now_ns);
    if (lack > 0 && full_at >= stored) {
      return to_us(lack);
    }
    next = lack > 0 ? full_at : full_at + rate.interval_ns;
  } while (!full_at_ns_.compare_exchange_weak(stored, next, std::memory_order_relaxed));
  return lack > 0 ? std::optional(to_us(lack)) : std::nullopt;
}

std::optional<std::int64_t> TokenBucket::wait_us(const Rate& rate, std::int64_t now_us) const {
  const std::int64_t now_ns = now_us * kNsPerUs;
  const std::int64_t stored = full_at_ns_.load(std::memory_order_relaxed);
  const std::int64_t lack = lack_ns(clamped(stored, rate, now_ns), rate, now_ns);
  return lack > 0 ? std::optional(to_us(lack)) : std::nullopt;
}

bool TokenBucket::is_full(std::int64_t now_us) const {
  return full_at_ns_.load(std::memory_order_relaxed) <= now_us * kNsPerUs;
}

}  // namespace keyswap::limits
