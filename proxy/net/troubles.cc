// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/troubles.h"

#include <algorithm>
#include <utility>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

// Of a key's text (Connector::key_of), that which people call it by.
std::string upstream_of(const std::string& destination) {
  return destination.substr(1, destination.find('/') - 1);
}

// To the nearest second: a Date says no more, and what is known moves by less all the time.
std::int64_t to_s(std::int64_t us) {
  const std::int64_t half_us = us < 0 ? -kUsPerSecond / 2 : kUsPerSecond / 2;
  return (us + half_us) / kUsPerSecond;
}

template <typename One>
std::size_t cut(std::vector<One>& all) {
  const std::size_t kept = std::min(all.size(), base::bounds::kTroublesMax);
  const std::size_t more = all.size() - kept;
  all.resize(kept);
  return more;
}

}  // namespace

Troubles troubles_of(const std::vector<vault::Sources::Named>& sources,
                     const UpstreamClocks& clocks,
                     const Moments& now) {
  Troubles troubles;
  for (const vault::Sources::Named& one : sources) {
    if (one.state.outage) {
      troubles.sources.push_back({one.id, *one.state.outage});
    }
  }
  for (const UpstreamClocks::Apart& one : clocks.apart(now)) {
    troubles.clocks.push_back({upstream_of(one.destination), to_s(one.offset_us)});
  }
  std::ranges::sort(troubles.clocks, {}, [](const ClockApart& one) {
    return std::pair(one.upstream, one.offset_s);
  });
  troubles.more = cut(troubles.sources) + cut(troubles.clocks);
  return troubles;
}

}  // namespace keyswap::net
