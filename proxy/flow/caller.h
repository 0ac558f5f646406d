// SPDX-License-Identifier: Apache-2.0
//
// Who sends a request: what its head says about that, which user of the machine its client runs as,
// and what the bindings say to it. Pure;
// whether the token is the caller's is for proxy/net/callers.h, which has the vault. A token never
// leaves this file: what is handed on is its digest (I1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// Not verified.
struct CallerClaim {
  std::string name;
  std::string token_digest;  // SHA-256, 32 bytes
};

// Of a request to the proxy as such: Proxy-Authorization, Basic, name and token (RFC 7617). Nothing
// if it is not there, is there twice, or is none that we gave out.
std::optional<CallerClaim> proxy_claim(const http::RequestHead& head);
// Of a request by a reverse route: Keyswap-Caller, the token alone; like proxy_claim.
std::optional<CallerClaim> route_claim(const http::RequestHead& head);

// The user of this machine that a client runs as, as the kernel tells it.
struct LocalUser {
  std::optional<std::uint32_t> number;  // nothing: not told, or of another machine
  bool is_own = false;                  // the one that keyswap itself runs as
};

// May `caller` ("" = nobody who could be verified) use the proxy as such? Where the bindings list
// callers, those may. Else whoever shows a token may, and without one our own user, and those of
// `allow_users`. caller_required; caller_not_allowed; user_not_allowed.
std::optional<audit::Reason> check_proxy_caller(std::string_view caller,
                                                const LocalUser& user,
                                                const bindings::Bindings& bindings);
// May they use the reverse routes? There everybody has to say who they are.
std::optional<audit::Reason> check_route_caller(std::string_view caller,
                                                const bindings::Bindings& bindings);

// Does the scope serve this caller?
bool serves(const bindings::Scope& scope, std::string_view caller);

// Is it an address of this machine itself (canonical text)? A name never is.
bool is_loopback(std::string_view address);

}  // namespace keyswap::flow
