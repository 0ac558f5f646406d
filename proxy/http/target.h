// SPDX-License-Identifier: Apache-2.0
//
// Request targets and authorities (RFC 9112 section 3.2, RFC 3986 section 3.2): strict parsing into
// one normal form, so that names can be compared byte by byte (I3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::http {

enum class HostKind : std::uint8_t { name, ipv4, ipv6 };

// A host and port in normal form: ASCII lower case, no trailing dot, IP literals canonical
// (inet_ntop; IPv6 without brackets), port always explicit.
struct Authority {
  std::string host;
  std::uint16_t port = 0;
  HostKind kind = HostKind::name;

  bool operator==(const Authority&) const = default;
};

// "host", "host:port", "[v6]:port". `default_port` 0 means that the port must be there. Refused
// with invalid_input: user information, empty host, empty or out-of-range port (0, leading zeros,
// signs), percent signs, zone ids, names that are not LDH labels plus '_' (<= 253 bytes, labels <=
// 63), and numeric forms that some resolver reads as an address but that are not a canonical dotted
// quad
// ("0177.1", "2130706433", "127.1", "0x7f.1").
base::Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port);

// A host alone, as in SNI or a configuration file; same rules, no port, IPv6 with or without
// brackets.
base::Result<Authority> parse_host(std::string_view text, std::uint16_t port);

// "host:port", IPv6 in brackets; the port is left out when it is `default_port`.
std::string to_string(const Authority& authority, std::uint16_t default_port = 0);

struct AbsoluteTarget {
  enum class Protocol : std::uint8_t { http, https };
  Protocol protocol = Protocol::http;
  Authority authority;
  std::string_view
      path_and_query;  // begins with '/' or is "" (meaning "/"), or "?query"; view into the target
};

// "http://host[:port]/path?query". Refused: other schemes, user information, a fragment, what
// parse_authority refuses.
base::Result<AbsoluteTarget> parse_absolute(std::string_view target);

// Is `target` an origin form: begins with '/', visible ASCII (in its query also bytes beyond
// ASCII), no fragment, and in its path every '%' followed by two hex digits and no escape of a
// control byte (%00-%1f, %7f)? (Another path is refused with 400. A query, which is not judged,
// may hold "%0a" or a lone '%'.)
bool is_origin_form(std::string_view target);

// The part of an origin-form target before '?'.
std::string_view path_of(std::string_view target);

}  // namespace keyswap::http
