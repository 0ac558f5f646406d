// SPDX-License-Identifier: Apache-2.0
//
// What a request and its response say of the connection to the upstream that carries them: whom it
// may serve afterwards, and for how long it may rest. Pure; who keeps connections is
// proxy/net/connector and proxy/net/bound_upstreams.
//
// Some servers authenticate the connection, not the request (RFC 4559 section 5; NTLM): what comes
// over it later counts as said by whoever logged in. Such a connection serves the client connection
// that it was used by, and no other (I16).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

// Does this value of Authorization or Proxy-Authorization name a scheme that logs the connection in
// (NTLM, Negotiate, Kerberos; ASCII case ignored)?
bool is_connection_login(std::string_view credentials);

// Does one of the head's own fields hold such a value?
bool carries_connection_login(const http::RequestHead& head);
// The same of a head as it is sent: what we wrote into it counts as well.
bool carries_connection_login(const http::OutgoingFields& fields);

// Does the response ask for such a login, answer to one, or say that its connection is logged in
// (WWW-Authenticate, Proxy-Authenticate, Persistent-Auth, Proxy-Support)? Any status, 1xx too.
bool speaks_of_connection_login(const http::ResponseHead& head);

// How long the server keeps the connection at rest, as `Keep-Alive: timeout=` says, less
// bounds::kKeepAliveMarginMs, in milliseconds: never below 0, which is "not at all" (as is
// `max=0`). Nothing if it does not say.
std::optional<std::int64_t> rest_ms(const http::ResponseHead& head);

}  // namespace keyswap::flow
