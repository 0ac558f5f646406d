// SPDX-License-Identifier: Apache-2.0
//
// Helpers for runs of bytes. Bytes are seen as std::string_view throughout (HTTP is text, and a
// view costs nothing); byte strings that are kept are std::string, except secrets (vault/secret.h)
// and traffic (base/buffer.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::base {

// Where encoders write. append() fails (false) when the sink is at its bound; nothing partial
// counts.
class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  ByteSink(ByteSink&&) = default;
  ByteSink& operator=(ByteSink&&) = default;
  virtual ~ByteSink() = default;
  [[nodiscard]] virtual bool append(std::string_view bytes) = 0;
};

// Lower-case hex of bytes.
std::string to_hex(std::string_view bytes);
// Bytes of hex in either case; invalid_input for an odd length or another character.
Result<std::string> from_hex(std::string_view hex);

// RFC 4648 section 4 with padding, and section 5 without.
std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);
// Letters, digits, '-' and '_' alone; of any length.
bool is_base64url(std::string_view text);
// Strict: the canonical form only (padding where due, no white space); else invalid_input.
Result<std::string> from_base64(std::string_view text);

// The same into memory of the caller's, for bytes that must not get into a std::string; what was
// written so far stays there after an error. Gives their number; limit_exceeded when `out` is too
// small.
Result<std::size_t> decode_hex(std::string_view hex, std::span<char> out);
Result<std::size_t> decode_base64(std::string_view text, std::span<char> out);
// RFC 4648 section 5, with the padding that is due or without any.
Result<std::size_t> decode_base64url(std::string_view text, std::span<char> out);

// The same bytes for libraries that know them as unsigned; their number goes by itself.
inline const unsigned char* as_unsigned(const char* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

inline unsigned char* as_unsigned(char* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

inline const unsigned char* as_unsigned(std::string_view bytes) {
  return as_unsigned(bytes.data());
}

// Equality whose time depends on the lengths alone.
bool equal_constant_time(std::string_view a, std::string_view b);

// Zeroes memory; not removed by the optimizer.
void wipe(void* memory, std::size_t size);

// Fills with bytes of the system's cryptographic random generator.
void random_bytes(std::span<std::uint8_t> out);

// ASCII only, whatever the locale.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// Of texts of the same length.
bool is_same_ignoring_case(std::string_view a, std::string_view b);

// Most names that are compared differ in length already.
inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && is_same_ignoring_case(a, b);
}

}  // namespace keyswap::base
