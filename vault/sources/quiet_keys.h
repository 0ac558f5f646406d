// SPDX-License-Identifier: Apache-2.0
//
// Which values a source is not asked for at once, because it just had none that was good
// (bounds::kSourceAgainMs). By a flight's name (vault/sources/flights.h); times are of the steady
// clock.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/result.h"

namespace keyswap::vault {

class QuietKeys {
 public:
  void hush(const std::string& flight, std::int64_t now_us, base::Error error) {
    constexpr std::int64_t kUsPerMs = 1000;
    // Here, so that those that nobody asks for any more go, too.
    std::erase_if(keys_, [now_us](const auto& one) { return one.second.until_us <= now_us; });
    keys_.insert_or_assign(
        flight, Quiet{now_us + base::bounds::kSourceAgainMs * kUsPerMs, std::move(error)});
  }

  // What who asks is told; null: it may be asked for.
  [[nodiscard]] const base::Error* find(const std::string& flight, std::int64_t now_us) const {
    const auto found = keys_.find(flight);
    return found != keys_.end() && now_us < found->second.until_us ? &found->second.error : nullptr;
  }

  void erase(const std::string& flight) { keys_.erase(flight); }

  void clear() { keys_.clear(); }

 private:
  struct Quiet {
    std::int64_t until_us;
    base::Error error;
  };

  std::unordered_map<std::string, Quiet> keys_;
};

}  // namespace keyswap::vault
