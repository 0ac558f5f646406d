// SPDX-License-Identifier: Apache-2.0
//
// Which values a source is not asked for at once, because it had none that was good: each for a
// while that doubles (vault/sources/back_off.h), so that a slip in one name costs the source, and
// the audit log, no more than a line a minute; and for as long as the source says. By a flight's
// name (vault/sources/flights.h); times are of the steady clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "proxy/base/bounds.h"
#include "vault/sources/back_off.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

class QuietKeys {
 public:
  // Why, and for how long yet; seconds, rounded up.
  struct Quiet {
    FetchFault fault;
    std::int64_t again_s;
  };

  Quiet hush(const std::string& flight,
             std::int64_t now_us,
             const Failed& failed,
             const Draw& draw) {
    forget(now_us);
    Kept& kept = keys_[flight];
    kept.fault = failed.fault;
    kept.back_off.failed(now_us, failed, draw);
    return quiet_of(kept, now_us);
  }

  // Nothing: it may be asked for.
  [[nodiscard]] std::optional<Quiet> find(const std::string& flight, std::int64_t now_us) const {
    const auto found = keys_.find(flight);
    return found != keys_.end() && found->second.back_off.is_waiting(now_us)
               ? std::optional(quiet_of(found->second, now_us))
               : std::nullopt;
  }

  void erase(const std::string& flight) { keys_.erase(flight); }

  void clear() { keys_.clear(); }

 private:
  struct Kept {
    FetchFault fault = FetchFault::not_found;
    BackOff back_off;
  };

  static Quiet quiet_of(const Kept& kept, std::int64_t now_us) {
    return {kept.fault, kept.back_off.again_s(now_us)};
  }

  // Those that nobody has asked for since, for as long as the longest wait is.
  void forget(std::int64_t now_us) {
    constexpr std::int64_t kUsPerMs = 1000;
    std::erase_if(keys_, [now_us](const auto& one) {
      return now_us - one.second.back_off.next_try_us() >=
             base::bounds::kSourceAgainMsMax * kUsPerMs;
    });
  }

  std::unordered_map<std::string, Kept> keys_;
};

}  // namespace keyswap::vault
