// SPDX-License-Identifier: Apache-2.0
//
// What clients' TLS is made of, of all loops: the key of all leaves, and the leaves, those for
// requests apart from those for refusals, so that no flood of refusals drives out a leaf in use.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ca/leaf_cache.h"
#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/services/metrics.h"
#include "proxy/tls/context.h"

namespace keyswap::net {

struct Leaves {
  std::shared_ptr<const ca::LeafKey> key;
  std::shared_ptr<const tls::ServerContext> client_tls;
  std::unique_ptr<ca::LeafCache> requests;
  std::unique_ptr<ca::LeafCache> refusals;

  // As ca::LeafCache of `clock` and `run`.
  static base::Result<Leaves> create(const std::shared_ptr<const ca::Authority>& authority,
                                     const base::Clock& clock,
                                     const std::function<void(ca::LeafCache::Task)>& run);

  // From now on leaves come from this root.
  void replace_authority(const std::shared_ptr<const ca::Authority>& authority) const;
  [[nodiscard]] std::vector<services::LeafFigures> figures() const;
};

}  // namespace keyswap::net
