// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/destination.h"

#include <array>

#include "proxy/flow/reverse.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
// Answers health checks of programs that can only send requests through their proxy.
constexpr std::string_view kHealthHost = "healthz.keyswap.invalid";
constexpr std::string_view kHealthPath = "/healthz";

Route refuse(Reason reason, Destination destination = {}) {
  return {Route::Kind::refuse, std::move(destination), reason};
}

// Does the Host field, if there is one, name `authority`?
bool host_agrees(const http::RequestHead& head,
                 const http::Authority& authority,
                 std::uint16_t default_port) {
  const http::Field* host = head.fields.find("host");
  if (host == nullptr) {
    return true;  // the decoder saw to it that only a CONNECT lacks it
  }
  const auto named = http::parse_authority(host->value, default_port);
  return named && *named == authority;
}

bool may_be_reached(const Destination& destination, const bindings::Bindings& bindings) {
  return bindings.unmatched_destination == bindings::UnmatchedDestination::forward_unmodified ||
         bindings.binds(destination.authority);
}

Route route_connect(const http::RequestHead& head, const bindings::Bindings& bindings) {
  auto authority = http::parse_authority(head.target, 0);
  if (!authority) {
    return refuse(Reason::malformed_request);
  }
  Destination destination{Scheme::https, std::move(*authority)};
  if (bindings.forbids_host(destination.authority)) {
    return refuse(Reason::endpoint_blocked, std::move(destination));
  }
  if (!may_be_reached(destination, bindings)) {
    return refuse(Reason::unmatched_destination, std::move(destination));
  }
  if (!host_agrees(head, destination.authority, destination.authority.port)) {
    return refuse(Reason::identity_mismatch, std::move(destination));
  }
  const bool is_read = bindings.binds(destination.authority) ||
                       bindings.tls_termination == bindings::TlsTermination::all;
  return {is_read ? Route::Kind::intercept : Route::Kind::tunnel, std::move(destination), {}};
}

Route route_absolute(const http::RequestHead& head, const bindings::Bindings& bindings) {
  auto target = http::parse_absolute(head.target);
  if (!target || !http::is_origin_form(origin_target(head))) {
    return refuse(Reason::malformed_request);
  }
  const bool is_https = target->scheme == http::AbsoluteTarget::Scheme::https;
  Destination destination{is_https ? Scheme::https : Scheme::http, std::move(target->authority)};
  if (destination.authority.host == kHealthHost) {
    const bool is_health = !is_https && http::path_of(origin_target(head)) == kHealthPath;
    return {is_health ? Route::Kind::health : Route::Kind::refuse,
            std::move(destination),
            Reason::unmatched_destination};
  }
  if (head.method == "TRACE") {
    return refuse(Reason::method_not_supported, std::move(destination));
  }
  if (bindings.forbids_host(destination.authority)) {
    return refuse(Reason::endpoint_blocked, std::move(destination));
  }
  if (!may_be_reached(destination, bindings)) {
    return refuse(Reason::unmatched_destination, std::move(destination));
  }
  if (!host_agrees(head, destination.authority, is_https ? kHttpsPort : kHttpPort)) {
    return refuse(Reason::identity_mismatch, std::move(destination));
  }
  return {Route::Kind::forward, std::move(destination), {}};
}

}  // namespace

Route route(const http::RequestHead& head, const bindings::Bindings& bindings) {
  if (head.method == "CONNECT") {
    return route_connect(head, bindings);
  }
  if (head.target.starts_with('/')) {
    const bool is_health = head.method == "GET" && http::path_of(head.target) == kHealthPath;
    if (is_health) {
      return {Route::Kind::health, {}, {}};
    }
    return is_reverse_target(head.target) ? Route{Route::Kind::reverse, {}, {}}
                                          : refuse(Reason::malformed_request);
  }
  return route_absolute(head, bindings);
}

std::optional<audit::Reason> check_tunnelled(const http::RequestHead& head,
                                             const TunnelIdentity& tunnel,
                                             const bindings::Bindings& bindings) {
  if (head.method == "CONNECT" || head.method == "TRACE") {
    // R16: no tunnel within a tunnel; and TRACE would echo the credential (RFC 9110 section 9.3.8).
    return Reason::method_not_supported;
  }
  const bool is_asterisk = head.target == "*" && head.method == "OPTIONS";
  if (!is_asterisk && !http::is_origin_form(head.target)) {
    return Reason::malformed_request;
  }
  // I3: one identity, compared here and nowhere else. What is dialled and verified is made from
  // tunnel.destination alone.
  const http::Authority& authority = tunnel.destination.authority;
  if (!tunnel.server_name.empty()) {
    const auto named = http::parse_host(tunnel.server_name, authority.port);
    if (!named || *named != authority) {
      return Reason::identity_mismatch;
    }
  }
  // Plain HTTP in a tunnel never carries a secret; its Host means the tunnel's own port.
  const std::uint16_t default_port =
      tunnel.destination.scheme == Scheme::https ? kHttpsPort : authority.port;
  if (!host_agrees(head, authority, default_port)) {
    return Reason::identity_mismatch;
  }
  if (!may_be_reached(tunnel.destination, bindings)) {
    return Reason::unmatched_destination;
  }
  return std::nullopt;
}

Speech listen_to(std::string_view first_bytes) {
  static constexpr char kTlsHandshake = 0x16;  // RFC 8446 section 5.1
  static constexpr std::array<std::string_view, 9> kMethods = {
      "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "TRACE ", "CONNECT "};
  if (first_bytes.empty()) {
    return Speech::undecided;
  }
  if (first_bytes.front() == kTlsHandshake) {
    return Speech::tls;
  }
  bool may_become_http = false;
  for (const std::string_view method : kMethods) {
    if (first_bytes.starts_with(method)) {
      return Speech::http;
    }
    may_become_http = may_become_http || method.starts_with(first_bytes);
  }
  return may_become_http ? Speech::undecided : Speech::other;
}

std::string_view origin_target(const http::RequestHead& head) {
  if (head.target.starts_with('/') || head.target == "*") {
    return head.target;
  }
  const auto absolute = http::parse_absolute(head.target);
  if (!absolute || absolute->path_and_query.empty()) {
    return "/";
  }
  return absolute->path_and_query;
}

}  // namespace keyswap::flow
