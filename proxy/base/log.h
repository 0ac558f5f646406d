// SPDX-License-Identifier: Apache-2.0
//
// The only door to the log (stderr). A line is compile-time text and at most a few typed fields, so
// that nothing from the wire can be logged by accident (I1). Where a request is concerned the audit
// log speaks, not this one. Once serving nothing waits for stderr's reader:
// proxy/base/line_output.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "proxy/base/error.h"

namespace keyswap::base::log {

enum class Level : std::uint8_t { info, warning, error };

// Writes one line: text, and the error's text and number if there is one.
void line(Level level, Note text);
void line(Level level, Note text, std::int64_t number);
void line(Level level, Note text, const Error& error);

// A piece of a line: text of ours, or a fact (base::Facts, a host in normal form, an address),
// which is shown as printable ASCII and cut at bounds::kFactsBytesMax.
class Piece {
 public:
  template <std::size_t n>
  // NOLINTNEXTLINE(google-explicit-constructor,modernize-avoid-c-arrays): a literal is a piece
  consteval Piece(const char (&literal)[n]) : bytes_(literal, n - 1) {}

  static Piece fact(std::string_view bytes) { return Piece(bytes); }

  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  constexpr explicit Piece(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;
};

void line(Level level, std::initializer_list<Piece> pieces);

}  // namespace keyswap::base::log
