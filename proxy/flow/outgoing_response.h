// SPDX-License-Identifier: Apache-2.0
//
// What the client gets of an upstream's response head: hop-by-hop fields gone, secrets in values
// placeholders again where they are looked for (I8).
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/flow/scrub.h"
#include "proxy/http/message.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

// Does the body keep its length on the way?
enum class BodyLength : std::uint8_t { kept, changed };

// Is the body compressed, or coded in another way?
bool has_content_coding(const http::ResponseHead& head);

// A view of `head`. `scrubber` may be null: no value is looked through. Nothing: it grew past what
// one event may bring.
std::optional<http::OutgoingResponse> outgoing_response(const http::ResponseHead& head,
                                                        BodyLength length,
                                                        Scrubber* scrubber);

// The same of a 1xx response, which has no body, and of the 101 that grants a WebSocket, without
// what would speak of extensions.
std::optional<http::OutgoingResponse> outgoing_interim(const http::ResponseHead& head,
                                                       Scrubber* scrubber);
std::optional<http::OutgoingResponse> outgoing_switching(const http::ResponseHead& head);

}  // namespace keyswap::flow
