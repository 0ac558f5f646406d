// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/table.h"

#include <array>

#include "bindings/venues/binance/venue.h"

namespace keyswap::bindings {

Venues all_venues() {
  static const std::array all = {&binance::venue()};
  return all;
}

}  // namespace keyswap::bindings
