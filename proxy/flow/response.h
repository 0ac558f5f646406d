// SPDX-License-Identifier: Apache-2.0
//
// Writes the response head that the client gets: the upstream's, canonical, hop-by-hop fields gone,
// framed for this client.
#pragma once

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/flow/reply.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// How the body goes to this client (a 1.0 client knows no chunks; a 1.1 client is given them where
// the upstream would mark the end by closing, so that an end cut off shows).
http::Framing framing_for(const http::ResponseHead& head, http::Version client_version);

base::Status encode_response_head(base::ByteSink& out,
                                  const http::ResponseHead& head,
                                  const http::Framing& framing,
                                  http::Version client_version,
                                  Persistence persistence);

// The 101 that grants a WebSocket; without what would speak of extensions.
base::Status encode_switching_head(base::ByteSink& out, const http::ResponseHead& head);

// A 1xx response.
base::Status encode_interim_head(base::ByteSink& out, const http::ResponseHead& head);

}  // namespace keyswap::flow
