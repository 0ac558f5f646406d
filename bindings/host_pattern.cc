// SPDX-License-Identifier: Apache-2.0
#include "bindings/host_pattern.h"

#include <algorithm>
#include <idn2.h>
#include <memory>

#include "bindings/public_suffix.h"

namespace keyswap::bindings {

namespace {

struct FreeLabels {
  void operator()(char* text) const { idn2_free(text); }
};

bool is_ascii(std::string_view text) {
  return std::all_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// `host`, which has other letters than ASCII's, in A-labels; nothing if it is no name.
std::optional<std::string> to_a_labels(std::string_view host) {
  const std::string held(host);
  char* converted = nullptr;
  const int result =
      idn2_to_ascii_8z(held.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, FreeLabels> owned(converted);
  if (result != IDN2_OK || !owned) {
    return std::nullopt;
  }
  // UTS 46 maps some letters to ASCII punctuation: a full-width colon must not become a port.
  std::string labels(owned.get());
  return std::all_of(labels.begin(), labels.end(), is_name_byte) ? std::optional(std::move(labels))
                                                                 : std::nullopt;
}

// Splits off ":port" at the last colon; an IPv6 literal stays whole because its colons are in
// brackets.
std::string_view port_part(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool is_in_brackets =
      text.find(']', colon == std::string_view::npos ? 0 : colon) != std::string_view::npos;
  return colon == std::string_view::npos || is_in_brackets ? std::string_view{}
                                                           : text.substr(colon);
}

// The same with A-labels; nothing if it cannot be turned into them.
std::optional<std::string> in_ascii(std::string_view text) {
  if (is_ascii(text)) {
    return std::string(text);
  }
  const auto port = port_part(text);
  auto host = to_a_labels(text.substr(0, text.size() - port.size()));
  if (!host) {
    return std::nullopt;
  }
  return *host + std::string(port);
}

HostProblem not_a_host(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return {"`host` is a name, not a URL", "leave the scheme away"};
  }
  if (text.find('/') != std::string_view::npos) {
    return {"`host` is a name without a path", "paths have a key of their own: `paths`"};
  }
  return {"`host` is not a host name", "write it as in api.example.com"};
}

std::variant<ParsedHost, HostProblem> parse_wildcard(std::string_view text) {
  constexpr std::uint16_t kNoPort = 443;
  const auto base = text.substr(2);
  const auto authority = http::parse_authority(base, kNoPort);
  if (!authority || authority->kind != http::HostKind::name) {
    return HostProblem{"`host` has a wildcard over something that is not a host name",
                       "write it as in *.example.com"};
  }
  if (authority->host.find('.') == std::string::npos || is_public_suffix(authority->host)) {
    return HostProblem{
        "`host` has a wildcard over a public suffix: anybody can register a name there",
        "name the host itself, or a wildcard over a domain that is yours"};
  }
  ParsedHost parsed;
  parsed.pattern = {authority->host, true};
  if (!port_part(base).empty()) {
    parsed.port = authority->port;
  }
  return parsed;
}

}  // namespace

std::variant<ParsedHost, HostProblem> parse_host_pattern(std::string_view text) {
  constexpr std::uint16_t kNoPort = 443;
  if (text.find('*') != std::string_view::npos &&
      (!text.starts_with("*.") || text.rfind('*') != 0)) {
    return HostProblem{"`host` may have '*' only as its whole first label",
                       "write it as in *.example.com"};
  }
  const bool is_wildcard = text.starts_with("*.");
  const auto ascii = in_ascii(is_wildcard ? text.substr(2) : text);
  if (!ascii) {
    return not_a_host(text);
  }
  if (is_wildcard) {
    return parse_wildcard("*." + *ascii);
  }
  const auto authority = http::parse_authority(*ascii, kNoPort);
  if (!authority) {
    return not_a_host(text);
  }
  ParsedHost parsed;
  parsed.pattern = {authority->host, false};
  if (!port_part(*ascii).empty()) {
    parsed.port = authority->port;
  }
  return parsed;
}

std::optional<http::Authority> parse_international_authority(std::string_view text) {
  const auto ascii = in_ascii(text);
  if (!ascii) {
    return std::nullopt;
  }
  auto authority = http::parse_authority(*ascii, 0);
  if (!authority) {
    return std::nullopt;
  }
  return std::move(authority).value();
}

}  // namespace keyswap::bindings
