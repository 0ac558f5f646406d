// SPDX-License-Identifier: Apache-2.0
//
// What the client gets of an upstream's response head: hop-by-hop fields gone, and Keyswap-Reason,
// which is for us to say; secrets placeholders again where they are looked for (I8): in the reason,
// in names and in values.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/flow/scrub.h"
#include "proxy/http/message.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

// What becomes of the body on the way: nothing; its length may be another; its content codings are
// undone.
enum class BodyFate : std::uint8_t { kept, changed, decoded };

// A view of `head`. `scrubber` may be null: nothing is looked through. `length`: of the body as it
// goes on, where that is another and known. Nothing: it grew past what one event may bring.
std::optional<http::OutgoingResponse> outgoing_response(
    const http::ResponseHead& head,
    BodyFate body,
    Scrubber* scrubber,
    std::optional<std::uint64_t> length = std::nullopt);

// The same of a 1xx response, which has no body, and of the 101 that grants a WebSocket, without
// what would speak of extensions.
std::optional<http::OutgoingResponse> outgoing_interim(const http::ResponseHead& head,
                                                       Scrubber* scrubber);
std::optional<http::OutgoingResponse> outgoing_switching(const http::ResponseHead& head,
                                                         Scrubber* scrubber);

}  // namespace keyswap::flow
