// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/h1/response_writer.h"

#include "proxy/http/h1/body_writer.h"
#include "proxy/http/h1/encoder.h"

namespace keyswap::http::h1 {

base::Status ResponseWriter::head(base::ByteSink& out, const OutgoingResponse& response) {
  if (response.is_interim() && version_ == Version::http_1_0) {
    return {};
  }
  KS_TRY(encode_status_line(out, response.status, response.reason));
  for (const OutgoingField& field : response.fields) {
    KS_TRY(encode_field(out, field.name, field.value));
  }
  if (response.grants_websocket) {
    KS_TRY(encode_upgrade(out));
  } else if (!response.is_interim()) {
    is_chunked_ = response.has_unknown_length && version_ == Version::http_1_1;
    closes_ = !response.keeps_connection || (response.has_unknown_length && !is_chunked_);
    KS_TRY(encode_framing(out));
  }
  return encode_head_end(out);
}

base::Status ResponseWriter::encode_framing(base::ByteSink& out) const {
  if (is_chunked_) {
    KS_TRY(encode_chunked(out));
  }
  if (closes_) {
    return encode_field(out, "Connection", "close");
  }
  return version_ == Version::http_1_0 ? encode_field(out, "Connection", "keep-alive")
                                       : base::Status{};
}

base::Result<std::string_view> ResponseWriter::body(base::Buffer& space,
                                                    std::string_view bytes) const {
  return write_piece(space, bytes, is_chunked_);
}

base::Result<std::string_view> ResponseWriter::end(base::Buffer& space) const {
  return write_end(space, is_chunked_);
}

base::Status ResponseWriter::whole(base::ByteSink& out,
                                   const OutgoingResponse& response,
                                   std::string_view body) {
  KS_TRY(head(out, response));
  return out.append(body) ? base::Status{}
                          : base::Error{base::Errc::limit_exceeded, "no room for an answer"};
}

std::string_view connect_established() {
  return "HTTP/1.1 200 Connection established\r\n\r\n";
}

}  // namespace keyswap::http::h1
