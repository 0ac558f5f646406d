// SPDX-License-Identifier: Apache-2.0
//
// A client's side of HTTP/1.1: its bytes become steps of a request, and what is said to it becomes
// bytes on its leg. It frames for the client's version; what is said, it does not decide.
#pragma once

#include <string_view>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/flow/reply.h"
#include "proxy/http/decoder.h"
#include "proxy/http/h1/response_writer.h"
#include "proxy/http/outgoing.h"
#include "proxy/net/leg.h"

namespace keyswap::net {

class ClientCodec {
 public:
  // `leg` outlives this.
  explicit ClientCodec(Leg& leg) : leg_(&leg) {}

  [[nodiscard]] Leg& leg() const { return *leg_; }

  // As http::Decoder.
  http::Step next(std::string_view bytes) { return decoder_.next(bytes); }

  http::RequestHead take_request() { return decoder_.take_request(); }

  [[nodiscard]] bool is_mid_message() const { return decoder_.is_mid_message(); }

  [[nodiscard]] bool is_at_end() const { return decoder_.is_at_end(); }

  // What is written next answers a request of this version.
  void answer(http::Version version) { writer_.answer(version); }

  // Each gives false if it cannot be written; nothing of it was then.
  [[nodiscard]] bool send_head(const http::OutgoingResponse& head);
  [[nodiscard]] bool send_body(std::string_view bytes);
  [[nodiscard]] bool end_response();

  // An answer of our own, whole, and flushed.
  void send_reply(const flow::Reply& reply);

  // Must the connection end with the response that was written last?
  [[nodiscard]] bool closes() const { return writer_.closes(); }

  // Nothing is written for a while: gives back the memory that it took.
  void rest() { written_.release(); }

 private:
  // A response head, or one piece of a body with what frames it.
  static constexpr std::size_t kWrittenBytesMax =
      base::bounds::kLegUnreadBytesMax + base::bounds::kResponseHeadBytesMax;

  bool send(const base::Result<std::string_view>& bytes);

  Leg* leg_;
  http::Decoder decoder_{http::Decoder::Role::request};
  http::h1::ResponseWriter writer_;
  base::Buffer written_{kWrittenBytesMax};  // and not handed to the leg yet
};

}  // namespace keyswap::net
