// SPDX-License-Identifier: Apache-2.0
//
// Times as people and programs write them: RFC 3339, UTC. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyswap::cli {

// "2026-11-22T02:25:09Z"
std::string format_time(std::int64_t seconds);
// The same to the minute, for tables: "2026-11-22 02:25Z"
std::string format_minute(std::int64_t seconds);

// Microseconds since 1970 of "2026-11-22", "2026-11-22T02:25:09[.123456]Z" or, as so long before
// `now_us`, "90s", "15m", "2h", "7d"; at most since 1970.
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_us);

}  // namespace keyswap::cli
