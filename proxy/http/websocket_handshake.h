// SPDX-License-Identifier: Apache-2.0
//
// The opening handshake of a WebSocket connection (RFC 6455 section 4), as a proxy reads it: a
// request that asks for it, and the answer that grants it.
#pragma once

#include <string>
#include <string_view>

#include "proxy/http/message.h"

namespace keyswap::http {

// Does it ask for a WebSocket, well or badly: is `websocket`, in any case, the one protocol that
// its Upgrade fields name? Any other upgrade, also a choice between this and another, is no affair
// of ours: the request goes on without it (RFC 9110 section 7.8).
bool asks_for_websocket(const RequestHead& head);

// Is it a request for a WebSocket connection and for nothing else: GET, HTTP/1.1, no body, one
// Upgrade field that says `websocket`, Connection with `upgrade` in it, one Sec-WebSocket-Key of 16
// bytes, one Sec-WebSocket-Version: 13? (Fields are judged as http/message_rules left them.)
bool is_websocket_request(const RequestHead& head);

// Does it grant what that request asked for: 101, one Upgrade: websocket, Connection with
// `upgrade`, the one Sec-WebSocket-Accept that belongs to the request's key, no extension, and at
// most one subprotocol, which the request offered?
bool is_websocket_answer(const ResponseHead& answer, const RequestHead& request);

// The value of Sec-WebSocket-Accept that belongs to a key (section 4.2.2): 28 characters; none, and
// so no answer is right, when this OpenSSL has no SHA-1.
std::string websocket_accept(std::string_view key);

}  // namespace keyswap::http
