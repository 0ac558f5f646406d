// SPDX-License-Identifier: Apache-2.0
//
// Writes requests in HTTP/1.1, one after another: canonical heads (I9), and bodies framed as their
// heads say.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/http/outgoing.h"

namespace keyswap::http::h1 {

class RequestWriter {
 public:
  // Fails as proxy/http/h1/encoder does: what `out` holds then must be thrown away.
  base::Status head(base::ByteSink& out, const OutgoingRequest& request);

  // A piece of the body of the head written last, not empty; and its end. Each gives what is to be
  // sent: `bytes` themselves, or what it wrote to the empty `space`; nothing is possible.
  base::Result<std::string_view> body(base::Buffer& space, std::string_view bytes) const;
  base::Result<std::string_view> end(base::Buffer& space) const;

  // A piece whose bytes are sent from where they lie, with a secret in them: what stands before
  // them, and behind.
  base::Result<std::string_view> begin_piece(base::Buffer& space, std::size_t bytes) const;
  [[nodiscard]] std::string_view end_piece() const;

 private:
  bool is_chunked_ = false;
};

}  // namespace keyswap::http::h1
