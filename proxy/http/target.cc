// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "proxy/base/bytes.h"
#include "proxy/base/hex.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

constexpr std::size_t kNameBytesMax = 253;  // RFC 1035 section 2.3.4, as text
constexpr std::size_t kLabelBytesMax = 63;

base::Result<Authority> parse_name(std::string_view text, std::uint16_t port);
base::Result<Authority> parse_ipv6(std::string_view text, std::uint16_t port);
base::Result<std::uint16_t> parse_port(std::string_view text);
bool is_path(std::string_view path);

base::Error refused(base::Note note) {
  return {base::Errc::invalid_input, note};
}

}  // namespace

base::Result<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  const bool is_bracketed = !text.empty() && text.front() == '[';
  const std::size_t host_end =
      is_bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (host_end == std::string_view::npos) {
    return refused("an IPv6 address without its closing bracket");
  }
  const std::string_view rest = text.substr(host_end + (is_bracketed ? 1 : 0));
  std::uint16_t port = default_port;
  if (!rest.empty()) {
    if (rest.front() != ':') {
      return refused("bytes between the host and its port");
    }
    const auto parsed = parse_port(rest.substr(1));
    if (!parsed) {
      return parsed.error();
    }
    port = *parsed;
  }
  if (port == 0) {
    return refused("the port is missing");
  }
  return is_bracketed ? parse_ipv6(text.substr(1, host_end - 1), port)
                      : parse_name(text.substr(0, host_end), port);
}

base::Result<Authority> parse_host(std::string_view text, std::uint16_t port) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    return parse_ipv6(text.substr(1, text.size() - 2), port);
  }
  return text.find(':') == std::string_view::npos ? parse_name(text, port) : parse_ipv6(text, port);
}

std::string to_string(const Authority& authority, std::uint16_t default_port) {
  std::string text;
  text.reserve(authority.host.size() + 8);
  if (authority.kind == HostKind::ipv6) {
    text.append("[").append(authority.host).append("]");
  } else {
    text = authority.host;
  }
  if (authority.port != default_port) {
    text.append(":").append(std::to_string(authority.port));
  }
  return text;
}

base::Result<AbsoluteTarget> parse_absolute(std::string_view target) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  AbsoluteTarget absolute;
  std::uint16_t default_port = 80;
  if (base::equal_ignoring_case(target.substr(0, kHttp.size()), kHttp)) {
    target.remove_prefix(kHttp.size());
  } else if (base::equal_ignoring_case(target.substr(0, kHttps.size()), kHttps)) {
    target.remove_prefix(kHttps.size());
    absolute.protocol = AbsoluteTarget::Protocol::https;
    default_port = 443;
  } else {
    return refused("neither an http nor an https URL");
  }
  const std::size_t authority_end = std::min(target.find_first_of("/?#"), target.size());
  auto authority = parse_authority(target.substr(0, authority_end), default_port);
  if (!authority) {
    return authority.error();
  }
  absolute.authority = std::move(*authority);
  absolute.path_and_query = target.substr(authority_end);
  if (!grammar::is_target(absolute.path_and_query) ||
      absolute.path_and_query.find('#') != std::string_view::npos) {
    return refused("a fragment, a space, or a byte that may not be there, in the URL");
  }
  if (!is_path(path_of(absolute.path_and_query))) {
    return refused("an invalid escape in the URL's path");
  }
  return absolute;
}

bool is_origin_form(std::string_view target) {
  return !target.empty() && target.front() == '/' && grammar::is_target(target) &&
         target.find('#') == std::string_view::npos && is_path(path_of(target));
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

namespace {

// Is every escape of `path` whole, and none that of a control byte?
bool is_path(std::string_view path) {
  const char* const end = path.data() + path.size();
  for (const char* at = path.data(); at != end; ++at) {
    if (*at != '%') {
      continue;
    }
    if (end - at < 3) {
      return false;
    }
    const int byte =
        base::hex_value(at[1]) * 16 + base::hex_value(at[2]);  // below 0 if one is no digit
    if (base::hex_value(at[2]) < 0 || byte < 0x20 || byte == 0x7f) {
      return false;
    }
    at += 2;
  }
  return true;
}

// One spelling only: no sign, no leading zero, so that ":0443" is no second name of ":443".
base::Result<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0' ||
      !grammar::all_are(text, grammar::kDigit)) {
    return refused("not a port number");
  }
  unsigned int port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  if (port > 65535) {
    return refused("a port number above 65535");
  }
  return static_cast<std::uint16_t>(port);
}

// inet_pton wants a terminating NUL. Gives false when the text is too long to be an address.
using AddressText = std::array<char, INET6_ADDRSTRLEN>;

bool copy_to(AddressText& out, std::string_view text) {
  if (text.size() >= out.size()) {
    return false;
  }
  std::copy(text.begin(), text.end(), out.begin());
  return true;
}

base::Result<Authority> parse_ipv6(std::string_view text, std::uint16_t port) {
  AddressText buffer{};
  in6_addr address{};
  // inet_pton itself refuses zone ids and percent signs.
  if (!copy_to(buffer, text) || text.find('\0') != std::string_view::npos ||
      inet_pton(AF_INET6, buffer.data(), &address) != 1) {
    return refused("not an IPv6 address");
  }
  if (inet_ntop(AF_INET6, &address, buffer.data(), buffer.size()) == nullptr) {
    return refused("not an IPv6 address");
  }
  return Authority{std::string(buffer.data()), port, HostKind::ipv6};
}

bool is_canonical_ipv4(std::string_view text) {
  AddressText buffer{};
  in_addr address{};
  return copy_to(buffer, text) && inet_pton(AF_INET, buffer.data(), &address) == 1 &&
         inet_ntop(AF_INET, &address, buffer.data(), buffer.size()) != nullptr &&
         text == buffer.data();
}

// Would a resolver read a host that ends in this label as a number (inet_aton, WHATWG URL)?
bool is_numeric(std::string_view label) {
  if (grammar::all_are(label, grammar::kDigit)) {
    return true;
  }
  return label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X') &&
         grammar::all_are(label.substr(2), grammar::kHex);
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && grammar::all_are(label, grammar::kName);
}

base::Result<Authority> parse_name(std::string_view text, std::uint16_t port) {
  std::string_view name = text;
  if (!name.empty() && name.back() == '.') {
    name.remove_suffix(1);
  }
  if (name.empty() || name.size() > kNameBytesMax) {
    return refused("a host name that is empty or too long");
  }
  std::string_view last_label;
  for (std::string_view rest = name; rest.data() != nullptr;) {
    const std::size_t dot = rest.find('.');
    last_label = rest.substr(0, dot);
    if (!is_label(last_label)) {
      return refused("a host name with bytes or labels that are not allowed");
    }
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  if (is_numeric(last_label)) {
    // `text`, not `name`: "127.0.0.1." is a second spelling and refused.
    if (!is_canonical_ipv4(text)) {
      return refused("a number that is not an IPv4 address in its usual form");
    }
    return Authority{std::string(text), port, HostKind::ipv4};
  }
  return Authority{base::to_lower(name), port, HostKind::name};
}

}  // namespace

}  // namespace keyswap::http
