// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/destination.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/flow/own_bindings.h"
#include "proxy/flow/reverse.h"
#include "proxy/http/grammar.h"

namespace keyswap::flow {

namespace {

using audit::Reason;

constexpr char kTlsHandshake = 0x16;  // RFC 8446 section 5.1
constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
// Answers health checks of programs that can only send requests through their proxy.
constexpr std::string_view kHealthHost = "healthz.keyswap.invalid";
constexpr std::string_view kHealthPath = "/healthz";

Route refuse(Reason reason, Destination destination = {}) {
  return {Route::Kind::refuse, std::move(destination), reason};
}

// Is `text` the host of `authority`, written as it is known? Nearly every client writes it so, and
// then there is nothing to parse: what is known was parsed once, and reads as itself.
bool is_as_known(std::string_view text, const http::Authority& authority) {
  return authority.kind != http::HostKind::ipv6 && text == authority.host;
}

// Does the Host field, if there is one, name `authority`?
bool host_agrees(const http::RequestHead& head,
                 const http::Authority& authority,
                 std::uint16_t default_port) {
  const http::Field* host = head.fields.find("host");
  if (host == nullptr) {
    return true;  // the decoder saw to it that only a CONNECT lacks it
  }
  if (authority.port == default_port && is_as_known(host->value, authority)) {
    return true;
  }
  const auto named = http::parse_authority(host->value, default_port);
  return named && *named == authority;
}

// Does the Host field name a listener? Some clients write there whom they ask, and not where they
// want to go (RFC 9112 section 3.2.3 has it the other way). It chooses nothing: nobody is ever led
// to the listener itself (I12).
bool names_listener(const http::RequestHead& head, std::span<const std::uint16_t> own_ports) {
  // The last two are what containers call the machine that they run on.
  static constexpr std::array<std::string_view, 5> kOwnHosts = {
      "127.0.0.1", "::1", "localhost", "host.docker.internal", "host.containers.internal"};
  const http::Field* host = head.fields.find("host");
  if (host == nullptr) {
    return false;
  }
  const auto named = http::parse_authority(host->value, 0);
  return named && std::find(own_ports.begin(), own_ports.end(), named->port) != own_ports.end() &&
         std::find(kOwnHosts.begin(), kOwnHosts.end(), named->host) != kOwnHosts.end();
}

// Is it OPTIONS in asterisk form (RFC 9112 section 3.2.4)?
bool is_server_wide(std::string_view method, std::string_view target) {
  return method == "OPTIONS" && target == "*";
}

bool may_be_reached(const Destination& destination, const bindings::Bindings& bindings) {
  return bindings.unmatched_destination == bindings::UnmatchedDestination::forward_unmodified ||
         bindings.binds(destination.authority);
}

// Are the requests in a tunnel to it read?
bool is_read(const http::Authority& destination, const bindings::Bindings& bindings) {
  return bindings.binds(destination) || bindings.tls_termination == bindings::TlsTermination::all;
}

Route route_connect(const http::RequestHead& head,
                    const bindings::Bindings& bindings,
                    std::span<const std::uint16_t> own_ports) {
  auto authority = http::parse_authority(head.target, 0);
  if (!authority) {
    return refuse(Reason::malformed_request);
  }
  Destination destination{Protocol::https, std::move(*authority)};
  if (const auto reason = check_hop(head)) {
    return refuse(*reason, std::move(destination));
  }
  if (bindings.forbids_host(destination.authority)) {
    return refuse(Reason::endpoint_blocked, std::move(destination));
  }
  if (!may_be_reached(destination, bindings)) {
    return refuse(Reason::unmatched_destination, std::move(destination));
  }
  // I3: a Host that names somebody else is a disagreement; one that names us is none.
  if (!host_agrees(head, destination.authority, destination.authority.port) &&
      !names_listener(head, own_ports)) {
    return refuse(Reason::identity_mismatch, std::move(destination));
  }
  const auto kind =
      is_read(destination.authority, bindings) ? Route::Kind::intercept : Route::Kind::tunnel;
  return {kind, std::move(destination), {}};
}

Route route_absolute(const http::RequestHead& head, const bindings::Bindings& bindings) {
  auto target = http::parse_absolute(head.target);
  std::string made;
  const std::string_view sent = origin_target(head, made);
  if (!target || !(http::is_origin_form(sent) || is_server_wide(head.method, sent))) {
    return refuse(Reason::malformed_request);
  }
  const bool is_https = target->protocol == http::AbsoluteTarget::Protocol::https;
  Destination destination{is_https ? Protocol::https : Protocol::http,
                          std::move(target->authority)};
  if (destination.authority.host == kHealthHost) {
    const bool is_health = !is_https && http::path_of(sent) == kHealthPath;
    return {is_health ? Route::Kind::health : Route::Kind::refuse,
            std::move(destination),
            Reason::unmatched_destination};
  }
  if (const auto reason = check_hop(head)) {
    return refuse(*reason, std::move(destination));
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
  if (is_https && is_read(destination.authority, bindings)) {
    if (const auto reason = check_own_bindings(head, sent, bindings)) {
      return refuse(*reason, std::move(destination));
    }
  }
  return {Route::Kind::forward, std::move(destination), {}};
}

// What the target says of the tunnel it came in.
std::optional<Reason> check_target(const http::RequestHead& head, const Destination& tunnel) {
  if (is_server_wide(head.method, head.target) || http::is_origin_form(head.target)) {
    return std::nullopt;
  }
  const auto absolute = http::parse_absolute(head.target);
  if (!absolute) {
    return Reason::malformed_request;
  }
  const auto protocol = absolute->protocol == http::AbsoluteTarget::Protocol::https
                            ? Protocol::https
                            : Protocol::http;
  return Destination{protocol, absolute->authority} == tunnel
             ? std::nullopt
             : std::optional(Reason::identity_mismatch);
}

// "METHOD SP target SP HTTP/": other protocols do not begin so. Methods that are known are told
// from their first word, so that nobody waits for the rest.
Speech listen_for_request_line(std::string_view bytes) {
  static constexpr std::array<std::string_view, 9> kMethods = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"};
  static constexpr std::string_view kVersion = "HTTP/";
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  const Speech unless_more_comes = line.size() < bytes.size() ? Speech::other : Speech::undecided;
  const std::size_t method_end = line.find(' ');
  const std::string_view method = line.substr(0, method_end);
  if (method.empty() || method.size() > base::bounds::kMethodBytesMax ||
      !http::grammar::all_are(method, http::grammar::kToken)) {
    return Speech::other;
  }
  if (method_end == std::string_view::npos) {
    return unless_more_comes;
  }
  if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) {
    return Speech::http;
  }
  const std::string_view rest = line.substr(method_end + 1);
  const std::size_t target_end = rest.find(' ');
  const std::string_view target = rest.substr(0, target_end);
  if (target.size() > base::bounds::kTargetBytesMax || !http::grammar::is_field_text(target)) {
    return Speech::other;
  }
  if (target_end == std::string_view::npos) {
    return unless_more_comes;
  }
  const std::string_view version = rest.substr(target_end + 1);
  if (version.starts_with(kVersion)) {
    return Speech::http;
  }
  return kVersion.starts_with(version) ? unless_more_comes : Speech::other;
}

}  // namespace

Route route(const http::RequestHead& head,
            const bindings::Bindings& bindings,
            std::span<const std::uint16_t> own_ports) {
  if (head.method == "CONNECT") {
    return route_connect(head, bindings, own_ports);
  }
  if (head.target.starts_with('/')) {
    const bool is_asking = head.method == "GET" || head.method == "HEAD";
    if (is_asking && http::path_of(head.target) == kHealthPath) {
      return {Route::Kind::health, {}, {}};
    }
    if (is_asking && head.target == "/") {
      return {Route::Kind::front_page, {}, {}};
    }
    if (is_reverse_target(head.target, bindings.venues)) {
      return {Route::Kind::reverse, {}, {}};
    }
    return {Route::Kind::refuse, {}, Reason::malformed_request, base::Cause::no_such_page};
  }
  return route_absolute(head, bindings);
}

std::optional<audit::Reason> check_tunnelled(const http::RequestHead& head,
                                             const TunnelIdentity& tunnel,
                                             const bindings::Bindings& bindings) {
  if (head.method == "CONNECT") {
    return Reason::method_not_supported;  // no tunnel within a tunnel
  }
  if (const auto reason = check_hop(head)) {
    return reason;
  }
  // I3: one identity, compared here and nowhere else. What is dialled and verified is made from
  // tunnel.destination alone.
  if (const auto reason = check_target(head, tunnel.destination)) {
    return reason;
  }
  const http::Authority& authority = tunnel.destination.authority;
  if (!tunnel.server_name.empty() && !is_as_known(tunnel.server_name, authority)) {
    const auto named = http::parse_host(tunnel.server_name, authority.port);
    if (!named || *named != authority) {
      return Reason::identity_mismatch;
    }
  }
  // Plain HTTP in a tunnel never carries a secret; its Host means the tunnel's own port.
  const std::uint16_t default_port =
      tunnel.destination.protocol == Protocol::https ? kHttpsPort : authority.port;
  if (!host_agrees(head, authority, default_port)) {
    return Reason::identity_mismatch;
  }
  if (!may_be_reached(tunnel.destination, bindings)) {
    return Reason::unmatched_destination;
  }
  if (tunnel.destination.protocol != Protocol::https) {
    return std::nullopt;
  }
  std::string made;
  return check_own_bindings(head, origin_target(head, made), bindings);
}

bool is_echo_method(std::string_view method) {
  return base::equal_ignoring_case(method, "trace") || base::equal_ignoring_case(method, "track");
}

std::optional<audit::Reason> check_hop(const http::RequestHead& head) {
  if (is_echo_method(head.method)) {
    return Reason::method_not_supported;
  }
  if (head.expects_more) {
    return Reason::expectation_failed;
  }
  const http::Field* const hops =
      head.method == "OPTIONS" ? head.fields.find("max-forwards") : nullptr;
  const bool is_last = hops != nullptr && !hops->value.empty() &&
                       hops->value.find_first_not_of('0') == std::string_view::npos;
  return is_last ? std::optional(Reason::max_forwards_reached) : std::nullopt;
}

std::string one_hop_less(std::string_view max_forwards) {
  std::uint64_t hops = 0;
  const char* const end = max_forwards.data() + max_forwards.size();
  const auto [stopped_at, error] = std::from_chars(max_forwards.data(), end, hops);
  if (stopped_at != end || error != std::errc{} || hops == 0) {
    return std::string(max_forwards);
  }
  return std::to_string(hops - 1);
}

Speech listen_where_read(std::string_view first_bytes) {
  if (first_bytes.empty()) {
    return Speech::undecided;
  }
  return first_bytes.front() == kTlsHandshake ? Speech::tls : Speech::http;
}

Speech listen_where_opaque(std::string_view first_bytes) {
  for (std::size_t i = 0; i < base::bounds::kEmptyLinesMax && first_bytes.starts_with("\r\n");
       ++i) {
    first_bytes.remove_prefix(2);
  }
  if (first_bytes.empty() || first_bytes == "\r") {
    return Speech::undecided;
  }
  return first_bytes.front() == kTlsHandshake ? Speech::tls : listen_for_request_line(first_bytes);
}

std::string_view origin_target(const http::RequestHead& head, std::string& made) {
  if (head.target.starts_with('/') || head.target == "*") {
    return head.target;
  }
  const auto absolute = http::parse_absolute(head.target);
  if (!absolute || absolute->path_and_query.empty()) {
    return head.method == "OPTIONS" ? "*" : "/";
  }
  if (absolute->path_and_query.starts_with('/')) {
    return absolute->path_and_query;
  }
  made = "/";
  made.append(absolute->path_and_query);
  return made;
}

}  // namespace keyswap::flow
