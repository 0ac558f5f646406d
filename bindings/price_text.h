// SPDX-License-Identifier: Apache-2.0
//
// The text of bindings/prices.yaml, as cmake/prices.cmake puts it into the program.
#pragma once

#include <string_view>

namespace keyswap::bindings {

extern const std::string_view kPriceText;

}  // namespace keyswap::bindings
