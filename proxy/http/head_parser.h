// SPDX-License-Identifier: Apache-2.0
//
// The only door to llhttp, and the second reading of a head (I9): http/line_check read its lines,
// llhttp in strict mode must read the same. Not for what a head means: that is message_rules.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/http/line_check.h"
#include "proxy/http/message.h"

namespace keyswap::http {

// The fields of a head whose first line was read as `line` and that has `field_count` of them;
// views into `head`. Fails with what is wrong with it, also where the two readers differ.
base::Result<HeaderList> parse_request_head(std::string_view head,
                                            const RequestLine& line,
                                            std::size_t field_count);
base::Result<HeaderList> parse_response_head(std::string_view head,
                                             const StatusLine& line,
                                             std::size_t field_count);

// Does the llhttp that was linked in refuse what only its strict half refuses?
bool is_parser_strict();

}  // namespace keyswap::http
