// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/bytes.h"

#include <algorithm>

#include <sodium.h>

#include "proxy/base/words.h"

namespace keyswap::base {

namespace words {

namespace {

// ASCII letters in lower case, other bytes as they are.
std::uint64_t to_lower(std::uint64_t word) {
  const std::uint64_t low_bits = word & ~kHighBits;
  // In the highest bit of a byte: is it 'A' or above; is it above 'Z'?
  const std::uint64_t from_a = low_bits + (0x80U - 'A') * kOnes;
  const std::uint64_t past_z = low_bits + (0x7fU - 'Z') * kOnes;
  const std::uint64_t letters = (from_a ^ past_z) & ~word & kHighBits;
  return word | letters >> 2U;  // 0x20 tells a small letter from a capital one
}

}  // namespace

}  // namespace words

namespace {

std::string encode_base64(std::string_view bytes, int variant) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), as_unsigned(bytes), bytes.size(), variant);
  text.pop_back();  // the terminating NUL
  return text;
}

std::size_t padding_of(std::string_view text) {
  return text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
}

Result<std::size_t> decode(std::string_view text, int variant, std::span<char> out) {
  std::size_t written = 0;
  const char* end = nullptr;
  unsigned char nowhere = 0;  // libsodium wants an address also where there is no room
  if (sodium_base642bin(out.empty() ? &nowhere : reinterpret_cast<unsigned char*>(out.data()),
                        out.size(),
                        text.data(),
                        text.size(),
                        nullptr,
                        &written,
                        &end,
                        variant) != 0 ||
      end != text.data() + text.size()) {
    return Error{Errc::invalid_input, "not base64"};
  }
  return written;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 0x0fU];
  }
  return hex;
}

Result<std::string> from_hex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  const auto size = decode_hex(hex, bytes);
  if (!size) {
    wipe(bytes.data(), bytes.size());
    return size.error();
  }
  return bytes;
}

Result<std::size_t> decode_hex(std::string_view hex, std::span<char> out) {
  if (hex.size() / 2 > out.size()) {
    return Error{Errc::limit_exceeded, "more hexadecimal than there is room for"};
  }
  std::size_t written = 0;
  const char* end = nullptr;
  if (hex.size() % 2 != 0 ||
      sodium_hex2bin(reinterpret_cast<unsigned char*>(out.data()),
                     out.size(),
                     hex.data(),
                     hex.size(),
                     nullptr,
                     &written,
                     &end) != 0 ||
      end != hex.data() + hex.size()) {
    return Error{Errc::invalid_input, "not hexadecimal"};
  }
  return written;
}

std::string to_base64(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_ORIGINAL);
}

std::string to_base64url(std::string_view bytes) {
  return encode_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool is_base64url(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const auto size = decode_base64(text, bytes);
  if (!size) {
    wipe(bytes.data(), bytes.size());
    return size.error();
  }
  bytes.resize(*size);
  return bytes;
}

Result<std::size_t> decode_base64(std::string_view text, std::span<char> out) {
  const auto padding = padding_of(text);
  if (text.size() % 4 != 0 || padding > 2) {
    return Error{Errc::invalid_input, "not base64"};
  }
  if (text.size() / 4 * 3 - padding > out.size()) {
    return Error{Errc::limit_exceeded, "more base64 than there is room for"};
  }
  return decode(text, sodium_base64_VARIANT_ORIGINAL, out);
}

Result<std::size_t> decode_base64url(std::string_view text, std::span<char> out) {
  if ((text.size() - padding_of(text)) * 3 / 4 > out.size()) {
    return Error{Errc::limit_exceeded, "more base64 than there is room for"};
  }
  return decode(text,
                padding_of(text) > 0 ? sodium_base64_VARIANT_URLSAFE
                                     : sodium_base64_VARIANT_URLSAFE_NO_PADDING,
                out);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(void* memory, std::size_t size) {
  sodium_memzero(memory, size);
}

void random_bytes(std::span<std::uint8_t> out) {
  randombytes_buf(out.data(), out.size());
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return to_lower(c); });
  return lower;
}

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](char c) { return to_upper(c); });
  return upper;
}

// Eight bytes at a time; the last eight may overlap those before.
bool is_same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  if (a.size() < words::kBytes) {
    return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
  }
  const auto is_same_at = [&](std::size_t at) {
    return words::to_lower(words::load(a.data() + at)) ==
           words::to_lower(words::load(b.data() + at));
  };
  const std::size_t last = a.size() - words::kBytes;
  for (std::size_t at = 0; at < last; at += words::kBytes) {
    if (!is_same_at(at)) {
      return false;
    }
  }
  return is_same_at(last);
}

}  // namespace keyswap::base
