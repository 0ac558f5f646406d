// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/response.h"

#include "proxy/http/encoder.h"

namespace keyswap::flow {

namespace {

using http::Framing;
using http::Version;

// RFC 9110 section 8.6: no Content-Length with 1xx and 204.
bool may_have_length(int status) {
  return status >= 200 && status != 204;
}

base::Status encode_value(base::ByteSink& out, const http::Field& field, Scrubber* scrubber) {
  if (scrubber == nullptr || !scrubber->is_in(field.value)) {
    return http::encode_field(out, field.name, field.value);
  }
  base::Buffer scrubbed(base::limits::kResponseHeadBytesMax);
  KS_TRY(scrubber->feed(field.value, true, scrubbed));
  return http::encode_field(out, field.name, scrubbed.view());
}

base::Status encode_fields(base::ByteSink& out,
                           const http::ResponseHead& head,
                           bool with_length,
                           Scrubber* scrubber) {
  const http::HopByHop hop_by_hop(head.fields);
  for (const http::Field& field : head.fields) {
    const bool is_length = base::equal_ignoring_case(field.name, "content-length");
    if (is_length ? with_length : !hop_by_hop.has(field.name)) {
      KS_TRY(encode_value(out, field, scrubber));
    }
  }
  return {};
}

}  // namespace

Framing framing_for(const http::ResponseHead& head, Version client_version, BodyLength length) {
  const bool has_unknown_end =
      head.framing.kind == Framing::Kind::chunked ||
      head.framing.kind == Framing::Kind::until_close ||
      (length == BodyLength::changed && head.framing.kind == Framing::Kind::length &&
       head.framing.length > 0);
  if (!has_unknown_end) {
    return head.framing;
  }
  return {client_version == Version::http_1_1 ? Framing::Kind::chunked : Framing::Kind::until_close,
          0};
}

bool has_content_coding(const http::ResponseHead& head) {
  const http::Field* const coding = head.fields.find("content-encoding");
  return coding != nullptr && !base::equal_ignoring_case(coding->value, "identity");
}

base::Status encode_response_head(base::ByteSink& out,
                                  const http::ResponseHead& head,
                                  const ResponseTarget& target) {
  KS_TRY(http::encode_status_line(out, head.status, head.reason));
  const Framing::Kind kind = target.framing.kind;
  const bool with_length = kind != Framing::Kind::chunked && kind != Framing::Kind::until_close &&
                           may_have_length(head.status);
  KS_TRY(encode_fields(out, head, with_length, target.scrubber));
  if (kind == Framing::Kind::chunked) {
    KS_TRY(http::encode_field(out, "Transfer-Encoding", "chunked"));
  }
  if (target.persistence == Persistence::close) {
    KS_TRY(http::encode_field(out, "Connection", "close"));
  } else if (target.client_version == Version::http_1_0) {
    KS_TRY(http::encode_field(out, "Connection", "keep-alive"));
  }
  return http::encode_head_end(out);
}

base::Status encode_switching_head(base::ByteSink& out, const http::ResponseHead& head) {
  KS_TRY(http::encode_status_line(out, head.status, head.reason));
  KS_TRY(encode_fields(out, head, false, nullptr));
  KS_TRY(http::encode_field(out, "Connection", "Upgrade"));
  KS_TRY(http::encode_field(out, "Upgrade", "websocket"));
  return http::encode_head_end(out);
}

base::Status encode_interim_head(base::ByteSink& out,
                                 const http::ResponseHead& head,
                                 Scrubber* scrubber) {
  KS_TRY(http::encode_status_line(out, head.status, head.reason));
  KS_TRY(encode_fields(out, head, false, scrubber));
  return http::encode_head_end(out);
}

}  // namespace keyswap::flow
