// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/h1/request_writer.h"

#include "proxy/http/h1/body_writer.h"
#include "proxy/http/h1/encoder.h"

namespace keyswap::http::h1 {

base::Status RequestWriter::head(base::ByteSink& out, const OutgoingRequest& request) {
  is_chunked_ = request.chunked_at.has_value();
  KS_TRY(encode_request_line(out, request.method, request.target));
  std::size_t count = 0;
  for (const OutgoingField& field : request.fields) {
    if (is_chunked_ && count == *request.chunked_at) {
      KS_TRY(encode_chunked(out));
    }
    KS_TRY(encode_field(out, field.name, field.value));
    ++count;
  }
  if (is_chunked_ && count == *request.chunked_at) {
    KS_TRY(encode_chunked(out));
  }
  if (request.asks_for_websocket) {
    KS_TRY(encode_upgrade(out));
  }
  return encode_head_end(out);
}

base::Result<std::string_view> RequestWriter::body(base::Buffer& space,
                                                   std::string_view bytes) const {
  return write_piece(space, bytes, is_chunked_);
}

base::Result<std::string_view> RequestWriter::begin_piece(base::Buffer& space,
                                                          std::size_t bytes) const {
  return write_piece_begin(space, bytes, is_chunked_);
}

std::string_view RequestWriter::end_piece() const {
  return piece_end(is_chunked_);
}

base::Result<std::string_view> RequestWriter::end(base::Buffer& space) const {
  return write_end(space, is_chunked_);
}

}  // namespace keyswap::http::h1
