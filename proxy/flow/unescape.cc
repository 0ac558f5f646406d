// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/unescape.h"

#include <algorithm>

#include "proxy/base/hex.h"

namespace keyswap::flow {

namespace {

constexpr char kNotVisible = '\x01';  // whatever no placeholder has

struct TextEscape {
  enum class Kind : std::uint8_t { none, cut, whole };
  Kind kind = Kind::none;
  std::size_t size = 0;
  char says = kNotVisible;
};

// `count` digits from `from` on.
TextEscape read_digits(std::string_view text, std::size_t from, std::size_t count) {
  unsigned value = 0;
  for (std::size_t i = from; i < from + count; ++i) {
    if (i >= text.size()) {
      return {TextEscape::Kind::cut, 0};
    }
    const int digit = base::hex_value(text[i]);
    if (digit < 0) {
      return {};
    }
    value = value << 4U | static_cast<unsigned>(digit);
  }
  constexpr unsigned kAsciiEnd = 0x80;
  return {TextEscape::Kind::whole,
          from + count,
          value < kAsciiEnd ? static_cast<char>(value) : kNotVisible};
}

// `text` begins with the marker.
TextEscape read_text_escape(Escaping escaping, std::string_view text) {
  if (escaping == Escaping::percent) {
    return read_digits(text, 1, 2);
  }
  if (text.size() < 2) {
    return {TextEscape::Kind::cut, 0};
  }
  switch (text[1]) {
    case '"':
    case '\\':
    case '/':
      return {TextEscape::Kind::whole, 2, text[1]};
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return {TextEscape::Kind::whole, 2};
    case 'u':
      return read_digits(text, 2, 4);
    default:
      return {};
  }
}

}  // namespace

void Unescaper::feed(std::string_view piece, std::string& out) {
  finish_pending(piece, out);
  const char marker = marker_of(escaping_);
  while (!piece.empty()) {
    const std::size_t at = std::min(piece.find(marker), piece.size());
    out.append(piece.substr(0, at));
    piece.remove_prefix(at);
    if (piece.empty()) {
      return;
    }
    const TextEscape escape = read_text_escape(escaping_, piece);
    if (escape.kind == TextEscape::Kind::cut) {
      pending_ = piece;
      return;
    }
    const bool is_one = escape.kind == TextEscape::Kind::whole;
    out += is_one ? escape.says : marker;
    piece.remove_prefix(is_one ? escape.size : 1);
  }
}

// Takes of the piece what the escape that was cut needs, until nothing is pending.
void Unescaper::finish_pending(std::string_view& piece, std::string& out) {
  const char marker = marker_of(escaping_);
  while (!pending_.empty()) {
    if (pending_.front() != marker) {
      out += pending_.front();
      pending_.erase(0, 1);
      continue;
    }
    const TextEscape escape = read_text_escape(escaping_, pending_);
    if (escape.kind == TextEscape::Kind::whole) {
      out += escape.says;
      pending_.erase(0, escape.size);
    } else if (escape.kind == TextEscape::Kind::none) {
      out += marker;
      pending_.erase(0, 1);
    } else if (piece.empty()) {
      return;
    } else {
      pending_ += piece.front();
      piece.remove_prefix(1);
    }
  }
}

std::string unescape(Escaping escaping, std::string_view text) {
  std::string said;
  Unescaper(escaping).feed(text, said);
  return said;
}

}  // namespace keyswap::flow
