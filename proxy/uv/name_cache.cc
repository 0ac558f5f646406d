// SPDX-License-Identifier: Apache-2.0
#include "proxy/uv/name_cache.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::uv {

namespace bounds = base::bounds;

const NameCache::Answer* NameCache::find(const std::string& name, std::int64_t now_ms) const {
  const auto found = entries_.find(name);
  return found == entries_.end() || found->second.until_ms <= now_ms ? nullptr
                                                                     : &found->second.answer;
}

void NameCache::put(const std::string& name,
                    Answer answer,
                    std::int64_t ttl_s,
                    std::int64_t now_ms) {
  constexpr std::int64_t kMillisecondsPerSecond = 1000;
  const std::int64_t kept_s =
      std::clamp<std::int64_t>(ttl_s, 0, bounds::kNameKeptMs / kMillisecondsPerSecond);
  const std::int64_t kept_ms =
      answer ? kept_s * kMillisecondsPerSecond : bounds::kNameFailureKeptMs;
  if (!entries_.contains(name)) {
    make_room(now_ms);
  }
  entries_.insert_or_assign(name, Entry{std::move(answer), now_ms + kept_ms});
}

void NameCache::make_room(std::int64_t now_ms) {
  if (entries_.size() < bounds::kNamesKeptMax) {
    return;
  }
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.until_ms <= now_ms; });
  if (entries_.size() >= bounds::kNamesKeptMax) {
    entries_.erase(entries_.begin());  // any: losing one costs a question, no more
  }
}

}  // namespace keyswap::uv
