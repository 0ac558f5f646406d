// SPDX-License-Identifier: Apache-2.0
//
// The scheme `binance`, for the descriptor.
#pragma once

#include "bindings/scheme.h"

namespace keyswap::bindings::binance {

extern const Scheme kScheme;

}  // namespace keyswap::bindings::binance
