// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/leaves.h"

#include <string_view>

#include "proxy/base/bounds.h"

namespace keyswap::net {

namespace {

services::LeafFigures figures_of(const ca::LeafCache& leaves, std::string_view use) {
  const ca::LeafCache::Figures figures = leaves.figures();
  return {.use = use,
          .kept = figures.kept,
          .found = figures.found,
          .missed = figures.missed,
          .made = figures.made,
          .failed = figures.failed};
}

}  // namespace

base::Result<Leaves> Leaves::create(const std::shared_ptr<const ca::Authority>& authority,
                                    const base::Clock& clock,
                                    const std::function<void(ca::LeafCache::Task)>& run) {
  auto key = ca::LeafKey::create();
  if (!key) {
    return key.error();
  }
  auto client_tls = tls::ServerContext::create();
  if (!client_tls) {
    return client_tls.error();
  }
  constexpr ca::LeafRoom kOfRefusals{base::bounds::kRefusedLeavesMax,
                                     base::bounds::kRefusedMintsMax};
  return Leaves{*key,
                *client_tls,
                std::make_unique<ca::LeafCache>(authority, *key, clock, run),
                std::make_unique<ca::LeafCache>(authority, *key, clock, run, kOfRefusals)};
}

void Leaves::replace_authority(const std::shared_ptr<const ca::Authority>& authority) const {
  requests->replace_authority(authority);
  refusals->replace_authority(authority);
}

std::vector<services::LeafFigures> Leaves::figures() const {
  return {figures_of(*requests, "requests"), figures_of(*refusals, "refusals")};
}

}  // namespace keyswap::net
