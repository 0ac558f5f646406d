// SPDX-License-Identifier: Apache-2.0
//
// Writes the response head that the client gets: the upstream's, canonical, hop-by-hop fields gone,
// framed for this client.
#pragma once

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/flow/reply.h"
#include "proxy/flow/scrub.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// Does the body keep its length on the way?
enum class BodyLength : std::uint8_t { kept, changed };

// How the body goes to this client (a 1.0 client knows no chunks; a 1.1 client is given them where
// the upstream would mark the end by closing, so that an end cut off shows, and where the length is
// not known beforehand).
http::Framing framing_for(const http::ResponseHead& head,
                          http::Version client_version,
                          BodyLength length);

// Is the body compressed, or coded in another way?
bool has_content_coding(const http::ResponseHead& head);

struct ResponseTarget {
  const http::Framing& framing;
  http::Version client_version = http::Version::http_1_1;
  Persistence persistence = Persistence::close;
  Scrubber* scrubber = nullptr;  // of the fields' values; null: they stay as they are
};

base::Status encode_response_head(base::ByteSink& out,
                                  const http::ResponseHead& head,
                                  const ResponseTarget& target);

// The 101 that grants a WebSocket; without what would speak of extensions.
base::Status encode_switching_head(base::ByteSink& out, const http::ResponseHead& head);

// A 1xx response. `scrubber` as above.
base::Status encode_interim_head(base::ByteSink& out,
                                 const http::ResponseHead& head,
                                 Scrubber* scrubber);

}  // namespace keyswap::flow
