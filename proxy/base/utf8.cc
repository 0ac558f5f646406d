// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/utf8.h"

namespace keyswap::base {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

}  // namespace

Utf8Character read_utf8(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) {
    return {first, 1};
  }
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) {
    return {};
  }
  std::uint32_t code = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80U) {
      return {};
    }
    code = (code << 6U) | (byte_at(text, i) & 0x3FU);
  }
  const std::uint32_t least = bytes == 4 ? 0x10000U : bytes == 3 ? 0x800U : 0x80U;
  const bool is_surrogate = code >= 0xD800U && code <= 0xDFFFU;
  if (code < least || code > 0x10FFFFU || is_surrogate) {
    return {};
  }
  return {code, bytes};
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
