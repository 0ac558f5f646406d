// SPDX-License-Identifier: Apache-2.0
//
// A short answer that is looked through: it is held until it is whole, so that it is looked through
// at once and goes on with a length, as it came, and not in chunks. (A client of HTTP/1.0 could not
// tell a cut answer from a whole one otherwise, and some clients read no chunks.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "proxy/base/bounds.h"
#include "proxy/base/buffer.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

class ShortAnswer {
 public:
  // Has its body a length, and one that may be held?
  [[nodiscard]] static bool is_one(const http::Framing& framing) {
    return framing.kind == http::Framing::Kind::length && framing.length > 0 &&
           framing.length <= base::bounds::kShortAnswerBytesMax;
  }

  explicit ShortAnswer(http::ResponseHead head) : head_(std::move(head)) {}

  // Takes the next piece of the body, as it came. False: it was not taken, and what was goes on
  // now: it comes in too many pieces (I10: who drips it is not waited for).
  [[nodiscard]] bool hold(std::string_view piece) {
    return ++pieces_ <= base::bounds::kShortAnswerPiecesMax && body_.append(piece);
  }

  [[nodiscard]] const http::ResponseHead& head() const { return head_; }

  [[nodiscard]] std::string_view body() const { return body_.view(); }

 private:
  http::ResponseHead head_;
  base::Buffer body_{base::bounds::kShortAnswerBytesMax};
  std::size_t pieces_ = 0;
};

}  // namespace keyswap::flow
