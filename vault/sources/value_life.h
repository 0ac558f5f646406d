// SPDX-License-Identifier: Apache-2.0
//
// How long a value of a source is good, and from when on it is fetched anew. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "proxy/base/clock.h"
#include "vault/source_table.h"
#include "vault/sources/cache.h"
#include "vault/sources/value_store.h"

namespace keyswap::vault {

// Fills in the times of a value that came just now, by what its source says of its end.
inline void set_life(KeptValue& kept,
                     const SourceSpec& spec,
                     const base::Clock& clock,
                     const Draw& draw) {
  constexpr std::int64_t kUsPerMs = 1000;
  constexpr std::int64_t kUsPerSecond = 1'000'000;
  constexpr std::int64_t kEndOfTimeS = 253'402'300'799;  // of the year 9999
  // It is fetched anew in the last fifth of its life; what is minted, in the last tenth, and a
  // minute ahead, but in its second half.
  constexpr std::int64_t kPartAhead = 5;
  constexpr std::int64_t kMintedPartAhead = 10;
  constexpr std::int64_t kMintedAheadUs = 60 * kUsPerSecond;
  const CacheRule& rule = spec.cache;
  const std::int64_t jitter_ms = std::min(rule.jitter_ms, rule.ttl_ms / 2);
  const auto drawn_ms =
      static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(2 * jitter_ms + 1)));
  std::int64_t life_us = (rule.ttl_ms - jitter_ms + drawn_ms) * kUsPerMs;
  if (kept.expires_at) {
    const std::int64_t end_s = std::clamp<std::int64_t>(*kept.expires_at, 0, kEndOfTimeS);
    const std::int64_t lasts_us = std::max<std::int64_t>(end_s * kUsPerSecond - clock.wall_us(), 0);
    life_us = spec.is_minted ? lasts_us : std::min(lasts_us, life_us);
  }
  const std::int64_t ahead_us =
      spec.is_minted ? std::min(std::max(kMintedAheadUs, life_us / kMintedPartAhead), life_us / 2)
                     : life_us / kPartAhead;
  kept.end_us = clock.steady_us() + life_us;
  kept.refresh_us = kept.end_us - ahead_us;
  // What its source says to be over is over.
  kept.stale_end_us = kept.end_us + (kept.expires_at ? 0 : rule.stale_ms * kUsPerMs);
}

}  // namespace keyswap::vault
