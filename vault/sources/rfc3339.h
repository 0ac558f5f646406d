// SPDX-License-Identifier: Apache-2.0
//
// Times as sources write them: RFC 3339 section 5.6, with any fraction and any offset. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace keyswap::vault {

// Seconds since 1970, the fraction dropped; nothing for any other text, nor for a day that there is
// not.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace keyswap::vault
