// SPDX-License-Identifier: Apache-2.0
//
// Writes canonical HTTP/1.1 bytes. Every message that leaves, either way, is written here from
// checked parts (I9): each part is held against the grammar once more, so that a value with CR, LF
// or NUL in it can never become a second field, wherever it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::http {

// Each gives invalid_input when a part breaks the grammar (nothing is written then) and
// limit_exceeded when the sink is full (the sink then holds a part of a head and must be thrown
// away).

// "METHOD target HTTP/1.1\r\n": method a token, target one by grammar::is_target.
base::Status encode_request_line(base::ByteSink& out,
                                 std::string_view method,
                                 std::string_view target);
// "HTTP/1.1 200 reason\r\n": 100 <= status <= 999; reason of HTAB, SP, VCHAR, obs-text.
base::Status encode_status_line(base::ByteSink& out, int status, std::string_view reason);
// "name: value\r\n": name a token; value of HTAB, SP, VCHAR, obs-text, no surrounding white space.
base::Status encode_field(base::ByteSink& out, std::string_view name, std::string_view value);
// "\r\n"
base::Status encode_head_end(base::ByteSink& out);

// One chunk of a chunked body (RFC 9112 section 7.1); `body` is not empty. Last chunk:
// encode_last_chunk.
base::Status encode_chunk(base::ByteSink& out, std::string_view body);
// What stands before the bytes of a chunk of that size, which is not 0; kChunkEnd stands behind.
base::Status encode_chunk_begin(base::ByteSink& out, std::size_t bytes);
inline constexpr std::string_view kChunkEnd = "\r\n";
base::Status encode_last_chunk(base::ByteSink& out);

}  // namespace keyswap::http
