// SPDX-License-Identifier: Apache-2.0
//
// What a Set-Cookie field says of one cookie, as user agents read it (RFC 6265 section 5.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace keyswap::flow {

struct ReceivedCookie {
  std::string_view value;  // of the field; without the quotes around it
  // Good for so long; nothing: as long as the user agent's session.
  std::optional<std::int64_t> life_s = std::nullopt;
};

// Nothing: the field sets another cookie, or clears this one. `sent_s`: what the server said of the
// time when it sent it, in seconds since 1970; without, one that ends on a day gets no `life_s`.
std::optional<ReceivedCookie> read_set_cookie(std::string_view field,
                                              std::string_view name,
                                              std::optional<std::int64_t> sent_s);

// A day and a time, as the many ways of writing them are read in cookies (RFC 6265 section 5.1.1),
// in seconds since 1970; nothing: it is none.
std::optional<std::int64_t> parse_cookie_date(std::string_view text);

}  // namespace keyswap::flow
