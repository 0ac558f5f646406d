// SPDX-License-Identifier: Apache-2.0
//
// The one form of a date in a field that is sent today (RFC 9110 section 5.6.7, IMF-fixdate).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace keyswap::http {

// "Sun, 06 Nov 1994 08:49:37 GMT" in seconds since 1970; nothing for any other text, nor for a day
// that there is not.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace keyswap::http
