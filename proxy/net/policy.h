// SPDX-License-Identifier: Apache-2.0
//
// What is in force: the bindings, the roots that upstreams are held against, the limits. Immutable
// once it is handed to the loops; a request keeps the one that it began with (I14).
#pragma once

#include <cstdint>
#include <memory>

#include "bindings/binding.h"
#include "proxy/limits/limiter.h"
#include "proxy/tls/context.h"

namespace keyswap::net {

// What a reload replaces as one (I14).
struct Policy {
  std::shared_ptr<const bindings::Bindings> bindings;
  std::shared_ptr<const tls::ClientContext> upstream_tls;
  std::shared_ptr<const limits::LimitTable> limits = nullptr;  // the server finds them
  // Which of the process's policies this is, the newest the highest; the server numbers them. A
  // connection to an upstream is used again under the number that it was dialled by, and no other.
  std::uint64_t number = 0;
};

}  // namespace keyswap::net
