// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/h1/body_writer.h"

#include "proxy/http/h1/encoder.h"

namespace keyswap::http::h1 {

base::Result<std::string_view> write_piece(base::Buffer& space,
                                           std::string_view bytes,
                                           bool is_chunked) {
  if (!is_chunked) {
    return bytes;
  }
  KS_TRY(encode_chunk(space, bytes));
  return space.view();
}

base::Result<std::string_view> write_piece_begin(base::Buffer& space,
                                                 std::size_t bytes,
                                                 bool is_chunked) {
  if (!is_chunked) {
    return std::string_view();
  }
  KS_TRY(encode_chunk_begin(space, bytes));
  return space.view();
}

std::string_view piece_end(bool is_chunked) {
  return is_chunked ? kChunkEnd : std::string_view();
}

base::Result<std::string_view> write_end(base::Buffer& space, bool is_chunked) {
  if (!is_chunked) {
    return std::string_view();
  }
  KS_TRY(encode_last_chunk(space));
  return space.view();
}

base::Status encode_chunked(base::ByteSink& out) {
  return encode_field(out, "Transfer-Encoding", "chunked");
}

base::Status encode_upgrade(base::ByteSink& out) {
  KS_TRY(encode_field(out, "Connection", "Upgrade"));
  return encode_field(out, "Upgrade", "websocket");
}

}  // namespace keyswap::http::h1
