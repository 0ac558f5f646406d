// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/shared_secrets.h"

#include <algorithm>

#include "proxy/base/bounds.h"
#include "vault/secret.h"

namespace keyswap::net {

std::vector<services::SourceFigures> figures_of(const std::vector<vault::Sources::Named>& sources) {
  std::vector<services::SourceFigures> figures;
  for (const vault::Sources::Named& one : sources) {
    figures.push_back({one.id, one.state.entries, one.state.next_try_us > 0});
  }
  return figures;
}

std::size_t held_bytes_max(std::size_t loops_bytes) {
  namespace bounds = base::bounds;
  constexpr std::size_t kOfSources = bounds::kSourceCacheBytesMax + bounds::kCallsLockedBytes;
  const std::size_t left = vault::locked_memory_size() - loops_bytes;
  return left - std::min(left / 4, kOfSources);
}

}  // namespace keyswap::net
