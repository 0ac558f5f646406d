// SPDX-License-Identifier: Apache-2.0
//
// Writes responses in HTTP/1.1 for one client: canonical heads (I9), and bodies framed as that
// client understands. A client of HTTP/1.0 knows neither chunks nor interim responses: the end of
// what has no known length is for it the connection's (RFC 9112 section 6.3, RFC 9110 section
// 15.2).
#pragma once

#include <string_view>

#include "proxy/base/buffer.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "proxy/http/outgoing.h"

namespace keyswap::http::h1 {

class ResponseWriter {
 public:
  // What comes next answers a request of this version.
  void answer(Version version) { *this = ResponseWriter(version); }

  ResponseWriter() = default;

  // Fails as proxy/http/h1/encoder does: what `out` holds then must be thrown away. An interim
  // response that the client would not understand leaves it as it was.
  base::Status head(base::ByteSink& out, const OutgoingResponse& response);

  // A piece of the body of the head written last, not empty; and its end. Each gives what is to be
  // sent: `bytes` themselves, or what it wrote to the empty `space`; nothing is possible.
  base::Result<std::string_view> body(base::Buffer& space, std::string_view bytes) const;
  base::Result<std::string_view> end(base::Buffer& space) const;

  // Head and body of a response whose length is known; `body` may be empty.
  base::Status whole(base::ByteSink& out, const OutgoingResponse& response, std::string_view body);

  // Must the connection end with this response, because its head said so or its body has no other
  // end?
  [[nodiscard]] bool closes() const { return closes_; }

 private:
  explicit ResponseWriter(Version version) : version_(version) {}

  base::Status encode_framing(base::ByteSink& out) const;

  Version version_ = Version::http_1_1;
  bool is_chunked_ = false;
  bool closes_ = false;
};

// The answer to a CONNECT that is granted (RFC 9110 section 9.3.6): no field, no body.
std::string_view connect_established();

}  // namespace keyswap::http::h1
