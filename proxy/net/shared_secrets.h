// SPDX-License-Identifier: Apache-2.0
//
// Where secrets come from, and what waits in locked memory, of all loops.
#pragma once

#include <cstddef>
#include <vector>

#include "proxy/flow/known_secrets.h"
#include "proxy/flow/real_values.h"
#include "proxy/services/metrics.h"
#include "vault/holdings.h"
#include "vault/sources/sources.h"

namespace keyswap::net {

struct SharedSecrets {
  vault::Sources source;
  vault::Holdings holdings;
  flow::KnownSecrets known{&holdings};  // what hosts received of them
  flow::RealValues real{&holdings};     // what is looked for in what clients send

  // Entries may have changed.
  void renew() {
    known.renew();
    real.renew();
  }
};

// What is told of sources in numbers.
std::vector<services::SourceFigures> figures_of(const std::vector<vault::Sources::Named>& sources);

// I10: what requests may hold while they wait, of the locked memory that the loops leave. Sources
// have their part of it; where there is little of it, a quarter, and what finds no room there is
// told so.
std::size_t held_bytes_max(std::size_t loops_bytes);

}  // namespace keyswap::net
