// SPDX-License-Identifier: Apache-2.0
//
// What does not keep the proxy from serving, and those who look after it want to know: sources that
// could not be asked, and upstreams whose clock is not this machine's. No value, and no word of
// others: outcomes are of closed lists (docs/sources.md). Bounded in number (I10).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/net/upstream_clocks.h"
#include "vault/sources/cache.h"
#include "vault/sources/sources.h"

namespace keyswap::net {

struct TroubledSource {
  std::string id;
  vault::SourceOutage outage;

  bool operator==(const TroubledSource&) const = default;
};

struct ClockApart {
  std::string upstream;       // "api.example.com:443"
  std::int64_t offset_s = 0;  // its time less this machine's

  bool operator==(const ClockApart&) const = default;
};

struct Troubles {
  std::vector<TroubledSource> sources;  // in the order of the bindings
  std::vector<ClockApart> clocks;       // in that of their names
  std::size_t more = 0;                 // of both, past bounds::kTroublesMax each

  bool operator==(const Troubles&) const = default;
};

Troubles troubles_of(const std::vector<vault::Sources::Named>& sources,
                     const UpstreamClocks& clocks,
                     const Moments& now);

}  // namespace keyswap::net
