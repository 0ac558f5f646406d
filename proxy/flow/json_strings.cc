// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/json_strings.h"

#include <algorithm>
#include <array>
#include <optional>

namespace keyswap::flow {

namespace {

constexpr unsigned kHexBase = 16;
constexpr unsigned kAsciiEnd = 0x80;

std::optional<unsigned> hex_digit(char c) {
  constexpr unsigned kTen = 10;
  if (c >= '0' && c <= '9') {
    return static_cast<unsigned>(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return static_cast<unsigned>(c - 'a') + kTen;
  }
  if (c >= 'A' && c <= 'F') {
    return static_cast<unsigned>(c - 'A') + kTen;
  }
  return std::nullopt;
}

}  // namespace

void JsonStrings::read(std::string_view bytes) {
  constexpr std::size_t kUnitDigits = 4;
  for (const char c : bytes) {
    if (digits_ > 0 && read_code_unit(c)) {
      continue;
    }
    if (outer_.is_escaped) {
      outer_.is_escaped = false;
      digits_ = c == 'u' ? kUnitDigits : 0;
      code_unit_ = 0;
      if (digits_ == 0) {
        read_inner(c);  // of what else it may mean nothing is a quote or a backslash
      }
    } else if (outer_.is_inside && c == '\\') {
      outer_.is_escaped = true;
    } else if (c == '"') {
      outer_.is_inside = !outer_.is_inside;
      inner_ = {};
    } else if (outer_.is_inside) {
      read_inner(c);
    }
  }
}

// False: it is none, and the byte is read as any other.
bool JsonStrings::read_code_unit(char c) {
  const auto digit = hex_digit(c);
  if (!digit) {
    digits_ = 0;
    return false;
  }
  code_unit_ = code_unit_ * kHexBase + *digit;
  if (--digits_ == 0) {
    read_inner(code_unit_ < kAsciiEnd ? static_cast<char>(code_unit_) : ' ');
  }
  return true;
}

void JsonStrings::read_inner(char c) {
  if (inner_.is_escaped) {
    inner_.is_escaped = false;
  } else if (inner_.is_inside && c == '\\') {
    inner_.is_escaped = true;
  } else if (c == '"') {
    inner_.is_inside = !inner_.is_inside;
  }
}

void NestedStrings::read(std::string_view bytes) {
  if (text_ == bindings::BodyText::json) {
    strings_.read(bytes);
  } else if (text_ == bindings::BodyText::form) {
    std::ranges::for_each(bytes, [this](char c) { read_form_byte(c); });
  }
}

void NestedStrings::read_form_byte(char c) {
  constexpr std::size_t kByteDigits = 2;
  if (c == '&') {
    strings_ = {};  // another field
    digits_ = 0;
    return;
  }
  if (c == '%') {
    digits_ = kByteDigits;
    byte_ = 0;
    return;
  }
  const auto digit = digits_ > 0 ? hex_digit(c) : std::nullopt;
  if (!digit) {
    digits_ = 0;
    strings_.read({&c, 1});
    return;
  }
  byte_ = byte_ * kHexBase + *digit;
  if (--digits_ == 0) {
    const auto decoded = static_cast<char>(byte_);
    strings_.read({&decoded, 1});
  }
}

bool NestedStrings::are_safe_for(std::string_view written) const {
  if (text_ == bindings::BodyText::json) {
    return written.find('\\') == std::string_view::npos;
  }
  // A quote, a backslash, and control characters, as bindings/body_text.cc writes them in a form.
  constexpr std::array<std::string_view, 4> kUnsafe = {"%22", "%5C", "%0", "%1"};
  return text_ != bindings::BodyText::form ||
         std::ranges::none_of(kUnsafe, [&](std::string_view escape) {
           return written.find(escape) != std::string_view::npos;
         });
}

}  // namespace keyswap::flow
