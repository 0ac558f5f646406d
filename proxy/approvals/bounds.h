// SPDX-License-Identifier: Apache-2.0
//
// I10: bounds of this folder that proxy/base/bounds.h does not have; same form, same rules.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keyswap::approvals::bounds {

inline constexpr std::size_t kHeldMax = 64;          // operations that wait for a decision; 429
inline constexpr std::size_t kHeldPerCallerMax = 8;  // the same of one caller; 429
inline constexpr std::size_t kOperationsMax = 1024;  // kept in all; the oldest that are over go
inline constexpr std::int64_t kKeptMs = 24LL * 3600 * 1000;  // so long one that is over is kept

}  // namespace keyswap::approvals::bounds
