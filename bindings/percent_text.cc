// SPDX-License-Identifier: Apache-2.0
#include "bindings/percent_text.h"

#include <array>

#include "proxy/base/hex.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";  // RFC 3986 section 2.1

// Does "%XX" stand there?
bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && base::hex_value(text[at + 1]) >= 0 &&
         base::hex_value(text[at + 2]) >= 0;
}

// RFC 3986: unreserved; in a segment also what may stand there and is no parameter of it (';').
bool stays(char c, UrlPart part) {
  const char lower = base::to_lower(c);
  const bool is_unreserved = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
                             std::string_view("-._~").find(c) != std::string_view::npos;
  return is_unreserved || (part == UrlPart::segment &&
                           std::string_view("!$&'()*+,=:@").find(c) != std::string_view::npos);
}

std::array<char, 3> escape_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return {'%', kHex[byte >> 4U], kHex[byte & 15U]};
}

}  // namespace

bool has_percent(std::string_view encoded) {
  return encoded.find('%') != std::string_view::npos;
}

PercentText decode_percent(std::string_view encoded) {
  PercentText decoded;
  decoded.text.reserve(encoded.size());
  decoded.places.reserve(encoded.size() + 1);
  for (std::size_t at = 0; at < encoded.size();) {
    decoded.places.push_back(static_cast<std::uint32_t>(at));
    if (is_escape(encoded, at)) {
      const int byte = base::hex_value(encoded[at + 1]) * 16 + base::hex_value(encoded[at + 2]);
      decoded.text += static_cast<char>(static_cast<unsigned char>(byte));
      at += 3;
    } else {
      decoded.text += encoded[at];
      ++at;
    }
  }
  decoded.places.push_back(static_cast<std::uint32_t>(encoded.size()));
  return decoded;
}

std::string percent_encoded(std::string_view text, UrlPart part) {
  std::string encoded;
  for (const char c : text) {
    const auto escape = escape_of(c);
    encoded.append(stays(c, part) ? std::string_view(&c, 1)
                                  : std::string_view(escape.data(), escape.size()));
  }
  return encoded;
}

base::Status append_percent(std::string_view value, UrlPart part, base::ByteSink& out) {
  for (const char c : value) {
    const auto escape = escape_of(c);
    const bool is_added =
        stays(c, part) ? out.append({&c, 1}) : out.append({escape.data(), escape.size()});
    if (!is_added) {
      return base::Error{base::Errc::limit_exceeded, "no room for the credential in a target"};
    }
  }
  return {};
}

}  // namespace keyswap::bindings
