// SPDX-License-Identifier: Apache-2.0
//
// An upstream's side of HTTP/1.1: requests become bytes on its leg, its bytes become steps of a
// response. A head with a secret in it is written into the loop's locked scratch, goes from there
// into the cipher, and is wiped (I1).
#pragma once

#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/request_writer.h"
#include "proxy/http/outgoing.h"
#include "proxy/net/context.h"
#include "proxy/net/leg.h"

namespace keyswap::net {

class UpstreamCodec {
 public:
  // Both outlive this.
  UpstreamCodec(Context& context, Leg& leg) : context_(&context), leg_(&leg) {}

  // What the next response answers; said before it can come.
  void expect(http::AnswerTo answer_to) { decoder_.expect(answer_to); }

  // As http::Decoder.
  http::Step next(std::string_view bytes) { return decoder_.next(bytes); }

  http::Step finish() { return decoder_.finish(); }

  http::ResponseHead take_response() { return decoder_.take_response(); }

  [[nodiscard]] bool is_mid_message() const { return decoder_.is_mid_message(); }

  // Each gives false if it cannot be written; nothing of it was then. Pieces are not empty.
  [[nodiscard]] bool send_head(const http::OutgoingRequest& head);
  [[nodiscard]] bool send_body(std::string_view bytes);
  // Of a piece in locked memory (I1).
  [[nodiscard]] bool send_secret(std::string_view bytes);
  [[nodiscard]] bool end_request();

  // Nothing is written for a while: gives back the memory that it took.
  void rest() { written_.release(); }

 private:
  bool send_secret_head(const http::OutgoingRequest& head);
  bool send(const base::Result<std::string_view>& bytes);

  Context* context_;
  Leg* leg_;
  http::Decoder decoder_{http::Decoder::Role::response};
  http::h1::RequestWriter writer_;
  base::Buffer written_{base::bounds::kSwappedHeadBytesMax};  // and not handed to the leg yet
};

}  // namespace keyswap::net
