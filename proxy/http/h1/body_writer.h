// SPDX-License-Identifier: Apache-2.0
//
// What requests and responses in HTTP/1.1 have in common when they are written: bodies, chunked
// (RFC 9112 section 7.1) or as they are, and the fields that speak of the connection.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::http::h1 {

// Each gives what is to be sent: the bytes themselves, or a view of `space`, which is empty before.
base::Result<std::string_view> write_piece(base::Buffer& space,
                                           std::string_view bytes,
                                           bool is_chunked);
// What stands before and behind a piece of so many bytes that is written apart from them.
base::Result<std::string_view> write_piece_begin(base::Buffer& space,
                                                 std::size_t bytes,
                                                 bool is_chunked);
std::string_view piece_end(bool is_chunked);
base::Result<std::string_view> write_end(base::Buffer& space, bool is_chunked);

// "Transfer-Encoding: chunked"
base::Status encode_chunked(base::ByteSink& out);
// What asks for a WebSocket, or grants it (RFC 6455 section 4).
base::Status encode_upgrade(base::ByteSink& out);

}  // namespace keyswap::http::h1
