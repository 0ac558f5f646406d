// SPDX-License-Identifier: Apache-2.0
//
// Every venue of this program. For those who put the program together and for their tests: all
// others are given venues, and name none.
#pragma once

#include "bindings/venue.h"

namespace keyswap::bindings {

Venues all_venues();

}  // namespace keyswap::bindings
