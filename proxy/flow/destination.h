// SPDX-License-Identifier: Apache-2.0
//
// I3: the one identity of the other side. A tunnel's CONNECT authority, its TLS server name, the
// Host of each request in it, the name that is dialled and the name on the verified certificate are
// one name, or the request is refused (421). This file is the only place where they are compared.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/base/cause.h"
#include "proxy/http/message.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

enum class Protocol : std::uint8_t { http, https };

struct Destination {
  Protocol protocol = Protocol::https;
  http::Authority authority;
  // The custom service on whose route the request came, "" for any other: that service alone may
  // reach what its `allow_addresses` lists, and its connections are its own.
  std::string custom_service = {};

  bool operator==(const Destination&) const = default;
};

// What a request read on the listener itself asks for.
struct Route {
  enum class Kind : std::uint8_t {
    intercept,   // CONNECT to a host whose requests we read: answer 200, then TLS as that host
    tunnel,      // CONNECT to a host in no binding: relay bytes
    forward,     // absolute form: one request to `destination`
    reverse,     // origin form below one of the routes (proxy/flow/reverse.h): its place is found
                 // there
    health,      // ours to answer
    front_page,  // likewise: somebody looks at the listener itself
    refuse,      // for `reason`
  };
  Kind kind = Kind::refuse;
  Destination destination;
  audit::Reason reason = audit::Reason::malformed_request;
  base::Cause cause = base::Cause::none;  // of a refusal, where it tells people more
};

// The route of a request head read on a listener. `own_ports`: of all of them.
Route route(const http::RequestHead& head,
            const bindings::Bindings& bindings,
            std::span<const std::uint16_t> own_ports = {});

// What a tunnel knows about itself when a request comes in it.
struct TunnelIdentity {
  Destination destination;
  std::string server_name;  // of the client's TLS hello, as sent; "" if it sent none
};

// Why a request inside a tunnel, in origin or absolute form, is refused, or answered by us, before
// anything is looked for in it, if it is. (The bindings may have changed since the tunnel was
// opened.)
std::optional<audit::Reason> check_tunnelled(const http::RequestHead& head,
                                             const TunnelIdentity& tunnel,
                                             const bindings::Bindings& bindings);

// Would an answer echo the request, and so the credential in it (TRACE, RFC 9110 section 9.3.8, and
// TRACK of old)? Such a method is never passed on, however it is written.
bool is_echo_method(std::string_view method);
// Why a request ends at this hop, wherever it is meant to go, if it does: an echo method, an
// expectation that nobody here meets, an OPTIONS whose Max-Forwards is used up.
std::optional<audit::Reason> check_hop(const http::RequestHead& head);
// The value of Max-Forwards for the next hop: one less. What is no number stays as it is.
std::string one_hop_less(std::string_view max_forwards);

// What a client that opened a tunnel speaks in it, by its first bytes. Where its requests are read,
// what is not TLS is for the HTTP decoder to judge. In an opaque tunnel HTTP in the clear is known
// by its request line, and it stays undecided while there may yet be one.
enum class Speech : std::uint8_t { undecided, tls, http, other };
Speech listen_where_read(std::string_view first_bytes);
Speech listen_where_opaque(std::string_view first_bytes);

// The target to send upstream (RFC 9112 section 3.2): the head's own, or the path and query of its
// absolute form. Views into the head or of `made`, which holds what is in neither.
std::string_view origin_target(const http::RequestHead& head, std::string& made);

}  // namespace keyswap::flow
