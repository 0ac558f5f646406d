// SPDX-License-Identifier: Apache-2.0
//
// What a text with escapes in it says, as far as that is visible ASCII, which is all that a
// placeholder has: %XX as in a URL, or the escapes of a JSON string (RFC 8259 section 7). For
// looking only, so it is lenient: what is no escape says itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyswap::flow {

enum class Escaping : std::uint8_t { percent, json };

// What an escape begins with.
constexpr char marker_of(Escaping escaping) {
  return escaping == Escaping::percent ? '%' : '\\';
}

// The most bytes of one escape.
inline constexpr std::size_t kEscapeBytesMax = 6;

// Of text in pieces; an escape that is cut waits for its rest.
class Unescaper {
 public:
  explicit Unescaper(Escaping escaping) : escaping_(escaping) {}

  // Appends to `out` what the piece says.
  void feed(std::string_view piece, std::string& out);

  // Another text begins.
  void restart() { pending_.clear(); }

 private:
  void finish_pending(std::string_view& piece, std::string& out);

  Escaping escaping_;
  std::string pending_;  // of one escape; fits into the string itself
};

// Of a whole text.
std::string unescape(Escaping escaping, std::string_view text);

}  // namespace keyswap::flow
