// SPDX-License-Identifier: Apache-2.0
//
// I10: bounds of this folder that proxy/base/limits.h does not have; same form, same rules.
#pragma once

#include <cstddef>

namespace keyswap::bindings::bounds {

inline constexpr std::size_t kPathGlobBytesMax = 512;  // one entry of `paths:`
inline constexpr std::size_t kYamlNodesMax = 1'000'000;
inline constexpr std::size_t kYamlDepthMax = 16;  // of what we read at most 7 is ever needed
inline constexpr std::size_t kIssuesMax = 200;    // reported of one file; the rest is counted
inline constexpr std::size_t kComposePartsMax = 4;
inline constexpr std::size_t kTemplateScratchBytesMax =
    std::size_t{128} * 1024;  // locked, while a template is rendered

// Scheme `binance`; what exceeds them is refused with 400 (docs/binance.md).
inline constexpr std::size_t kSignedParametersMax = 200;  // of a request; the longest order has 60
inline constexpr std::size_t kBatchOrdersMax = 20;        // in one; the exchange takes 5 or 10
inline constexpr std::size_t kDecimalDigitsMax = 40;      // of a number in an order

}  // namespace keyswap::bindings::bounds
