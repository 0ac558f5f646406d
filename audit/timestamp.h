// SPDX-License-Identifier: Apache-2.0
//
// The one form of a time in the audit folder: "2026-11-22T02:25:09.123456Z" (RFC 3339 section 5.6,
// UTC, always six decimals). Pure; neither locale nor time zone enters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyswap::audit {

inline constexpr std::size_t kTimestampBytes = 27;

// Writes kTimestampBytes characters to `out`. A time outside the years 0000 to 9999 becomes the
// nearest one inside.
void write_timestamp(std::int64_t wall_us, char* out);

// The microseconds since 1970 of exactly that form; nothing for any other text, a 31st of June
// included.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace keyswap::audit
