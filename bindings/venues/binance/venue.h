// SPDX-License-Identifier: Apache-2.0
//
// Binance as the rest of the program knows it: the descriptor of this folder (docs/binance.md).
#pragma once

#include "bindings/venue.h"

namespace keyswap::bindings::binance {

const Venue& venue();

}  // namespace keyswap::bindings::binance
