// SPDX-License-Identifier: Apache-2.0
//
// So many calls in so long: a token bucket, refilled evenly and by fractions, in one atomic number
// (the generic cell rate algorithm of ITU-T I.371: the moment at which the bucket will be full
// again). Lock-free; time is handed in. The rate is no part of the bucket, so that a reload can
// change it without giving out a fresh burst: what was used stays used.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

namespace keyswap::limits {

struct Rate {
  std::int64_t interval_ns = 0;  // one token comes back in
  std::int64_t burst_ns = 0;     // all of them come back in

  // `requests` > 0 at once, and as many again over `per_ms` > 0. Never more than that: the interval
  // is rounded up.
  static Rate of(std::int64_t requests, std::int64_t per_ms);
};

class TokenBucket {
 public:
  // Takes a token: nothing when there was one, else the microseconds until there will be.
  // Times may come slightly out of order (each event loop looks at the clock by itself).
  std::optional<std::int64_t> take(const Rate& rate, std::int64_t now_us);

  // What take() would say.
  [[nodiscard]] std::optional<std::int64_t> wait_us(const Rate& rate, std::int64_t now_us) const;

  // Is it full, so that a new one would be the same?
  [[nodiscard]] bool is_full(std::int64_t now_us) const;

 private:
  // Before any time that is handed in.
  std::atomic<std::int64_t> full_at_ns_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace keyswap::limits
