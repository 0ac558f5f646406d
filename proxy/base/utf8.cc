// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/utf8.h"

namespace keyswap::base {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// The rest of a character is bytes of 10xxxxxx; it is written as short as can be (RFC 3629).
bool is_rest(unsigned byte) {
  return (byte & 0xC0U) == 0x80U;
}

Utf8Character read_two(std::string_view text, unsigned first) {
  if (first < 0xC2 || text.size() < 2 || !is_rest(byte_at(text, 1))) {
    return {};
  }
  return {(first & 0x1FU) << 6U | (byte_at(text, 1) & 0x3FU), 2};
}

Utf8Character read_three(std::string_view text, unsigned first) {
  if (text.size() < 3 || !is_rest(byte_at(text, 1)) || !is_rest(byte_at(text, 2))) {
    return {};
  }
  const std::uint32_t code =
      (first & 0xFU) << 12U | (byte_at(text, 1) & 0x3FU) << 6U | (byte_at(text, 2) & 0x3FU);
  const bool is_surrogate = code >= 0xD800U && code <= 0xDFFFU;
  return code < 0x800U || is_surrogate ? Utf8Character{} : Utf8Character{code, 3};
}

Utf8Character read_four(std::string_view text, unsigned first) {
  if (first > 0xF4 || text.size() < 4 || !is_rest(byte_at(text, 1)) || !is_rest(byte_at(text, 2)) ||
      !is_rest(byte_at(text, 3))) {
    return {};
  }
  const std::uint32_t code = (first & 0x7U) << 18U | (byte_at(text, 1) & 0x3FU) << 12U |
                             (byte_at(text, 2) & 0x3FU) << 6U | (byte_at(text, 3) & 0x3FU);
  return code < 0x10000U || code > 0x10FFFFU ? Utf8Character{} : Utf8Character{code, 4};
}

}  // namespace

Utf8Character read_utf8(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) {
    return {first, 1};
  }
  if (first < 0xE0) {
    return read_two(text, first);
  }
  return first < 0xF0 ? read_three(text, first) : read_four(text, first);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = read_utf8(text).bytes;
    if (size == 0) {
      return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

bool is_control_character(std::uint32_t code) {
  return code < 0x20U || (code >= 0x7FU && code <= 0x9FU);
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  const auto put_rest = [&](std::uint32_t shift) {
    put(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < 0x80U) {
    put(code);
  } else if (code < 0x800U) {
    put(0xC0U | (code >> 6U));
    put_rest(0);
  } else if (code < 0x10000U) {
    put(0xE0U | (code >> 12U));
    put_rest(6);
    put_rest(0);
  } else {
    put(0xF0U | (code >> 18U));
    put_rest(12);
    put_rest(6);
    put_rest(0);
  }
}

}  // namespace keyswap::base
