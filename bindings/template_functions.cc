// SPDX-License-Identifier: Apache-2.0
#include "bindings/template_functions.h"

#include <algorithm>
#include <array>
#include <optional>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using Arguments = std::span<const std::string_view>;
using Written = base::Result<std::size_t>;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHexLower = "0123456789abcdef";
constexpr std::string_view kHexUpper = "0123456789ABCDEF";  // RFC 3986 section 2.1
constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kSha512Bytes = 64;
constexpr std::size_t kTotpDigits = 6;         // RFC 6238 with the defaults of section 4 ...
constexpr std::int64_t kTotpStepSeconds = 30;  // ... and HMAC-SHA-1
constexpr std::uint32_t kTotpModulus = 1'000'000;

unsigned value_of(char c) {
  return static_cast<unsigned char>(c);
}

std::size_t write_hex(const Digest& digest, char* out) {
  for (const char byte : digest.view()) {
    *out++ = kHexLower[value_of(byte) >> 4U];
    *out++ = kHexLower[value_of(byte) & 15U];
  }
  return digest.view().size() * 2;
}

// --- b64encode, b64decode: RFC 4648 section 4 ---

std::size_t base64_size(std::size_t size) {
  return (size + 2) / 3 * 4;
}

Written base64_encode(Arguments arguments, std::int64_t /*now_s*/, char* out) {
  const auto text = arguments[0];
  std::size_t size = 0;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const auto group = std::min<std::size_t>(3, text.size() - at);
    const unsigned bits = (value_of(text[at]) << 16U) |
                          (group > 1 ? value_of(text[at + 1]) << 8U : 0U) |
                          (group > 2 ? value_of(text[at + 2]) : 0U);
    out[size++] = kBase64[(bits >> 18U) & 63U];
    out[size++] = kBase64[(bits >> 12U) & 63U];
    out[size++] = group > 1 ? kBase64[(bits >> 6U) & 63U] : '=';
    out[size++] = group > 2 ? kBase64[bits & 63U] : '=';
  }
  return size;
}

std::size_t base64_decoded_size(std::size_t size) {
  return size / 4 * 3;
}

// The canonical form only: padding where due, nothing else than the alphabet, no stray low bits.
Written base64_decode(Arguments arguments, std::int64_t /*now_s*/, char* out) {
  const base::Error not_canonical{base::Errc::invalid_input,
                                  "b64decode: the value is not canonical base64"};
  const auto text = arguments[0];
  const auto end = std::min(text.find('='), text.size());
  const auto padding = text.size() - end;
  if (text.size() % 4 != 0 || padding > 2 || text.substr(end) != std::string_view("==", padding)) {
    return not_canonical;
  }
  std::size_t size = 0;
  unsigned bits = 0;
  for (std::size_t at = 0; at < end; ++at) {
    const auto digit = kBase64.find(text[at]);
    if (digit == std::string_view::npos) {
      return not_canonical;
    }
    bits = (bits << 6U) | static_cast<unsigned>(digit);
    if (at % 4 != 0) {
      const auto left = 6U - 2U * static_cast<unsigned>(at % 4);
      out[size++] = static_cast<char>(static_cast<unsigned char>((bits >> left) & 0xFFU));
      bits &= (1U << left) - 1U;
    }
  }
  if (bits != 0) {
    return not_canonical;
  }
  return size;
}

// --- urlencode: RFC 3986 section 2.3, nothing else is left as it is ---

std::size_t url_size(std::size_t size) {
  return size * 3;
}

bool is_unreserved(char c) {
  const char lower = base::to_lower(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

Written url_encode(Arguments arguments, std::int64_t /*now_s*/, char* out) {
  std::size_t size = 0;
  for (const char c : arguments[0]) {
    if (is_unreserved(c)) {
      out[size++] = c;
    } else {
      out[size++] = '%';
      out[size++] = kHexUpper[value_of(c) >> 4U];
      out[size++] = kHexUpper[value_of(c) & 15U];
    }
  }
  return size;
}

// --- hashes ---

template <std::size_t digest_bytes>
std::size_t hex_size(std::size_t /*first*/) {
  return digest_bytes * 2;
}

Written sha256(Arguments arguments, std::int64_t /*now_s*/, char* out) {
  Digest digest;
  KS_TRY(digest.hash(HashKind::sha256, arguments[0]));
  return write_hex(digest, out);
}

template <HashKind kind>
Written hmac(Arguments arguments, std::int64_t /*now_s*/, char* out) {
  Digest digest;
  KS_TRY(digest.hmac(kind, arguments[0], arguments[1]));
  return write_hex(digest, out);
}

// --- totp: RFC 6238 over RFC 4226 ---

std::size_t totp_size(std::size_t first) {
  return std::max(first, kTotpDigits);
}

// The five bits of a base32 digit (RFC 4648 section 6), in either case.
std::optional<unsigned> base32_digit(char c) {
  const char lower = base::to_lower(c);
  if (lower >= 'a' && lower <= 'z') {
    return static_cast<unsigned>(lower - 'a');
  }
  return c >= '2' && c <= '7' ? std::optional(static_cast<unsigned>(c - '2') + 26U) : std::nullopt;
}

// As people paste it: spaces between groups, with or without padding.
std::optional<std::size_t> base32_decode(std::string_view text, char* out) {
  const auto end = std::min(text.find('='), text.size());
  if (text.find_first_not_of("= ", end) != std::string_view::npos) {
    return std::nullopt;
  }
  std::size_t size = 0;
  std::size_t digits = 0;
  unsigned bits = 0;
  for (const char c : text.substr(0, end)) {
    const auto digit = base32_digit(c);
    if (!digit && c != ' ') {
      return std::nullopt;
    }
    if (digit) {
      bits = (bits << 5U) | *digit;
      ++digits;
    }
    const auto left = static_cast<unsigned>(digits * 5 - size * 8);  // bits not written yet
    if (left >= 8) {
      out[size++] = static_cast<char>(static_cast<unsigned char>((bits >> (left - 8)) & 0xFFU));
      bits &= (1U << (left - 8)) - 1U;
    }
  }
  const auto rest = digits % 8;
  const bool is_cut_short = rest == 1 || rest == 3 || rest == 6;
  return size == 0 || is_cut_short ? std::nullopt : std::optional(size);
}

Written totp(Arguments arguments, std::int64_t now_s, char* out) {
  // The seed is decoded where the code will be written: that memory is locked.
  const auto seed_bytes = base32_decode(arguments[0], out);
  if (!seed_bytes) {
    return base::Error{base::Errc::invalid_input, "totp: the seed is not base32"};
  }
  std::array<char, 8> counter{};
  auto step = static_cast<std::uint64_t>(now_s / kTotpStepSeconds);
  for (auto byte = counter.rbegin(); byte != counter.rend(); ++byte) {
    *byte = static_cast<char>(static_cast<unsigned char>(step & 0xFFU));
    step >>= 8U;
  }
  Digest digest;
  KS_TRY(digest.hmac(HashKind::sha1,
                     std::string_view(out, *seed_bytes),
                     std::string_view(counter.data(), counter.size())));
  const auto byte_at = [&](std::size_t at) {
    return value_of(digest.view()[at]);
  };
  const std::size_t offset = byte_at(kSha1Bytes - 1) & 15U;  // RFC 4226 section 5.3
  const std::uint32_t truncated = ((byte_at(offset) & 0x7FU) << 24U) |
                                  (byte_at(offset + 1) << 16U) | (byte_at(offset + 2) << 8U) |
                                  byte_at(offset + 3);
  auto code = truncated % kTotpModulus;
  for (std::size_t i = kTotpDigits; i > 0; --i) {
    out[i - 1] = static_cast<char>('0' + static_cast<int>(code % 10));
    code /= 10;
  }
  return kTotpDigits;
}

using Use = TemplateHelper::Use;

constexpr std::array kHelpers = {
    TemplateHelper{"b64encode", Use::filter, 1, "base64 with padding", base64_size, base64_encode},
    TemplateHelper{"b64decode",
                   Use::filter,
                   1,
                   "the bytes of canonical base64",
                   base64_decoded_size,
                   base64_decode},
    TemplateHelper{
        "sha256", Use::filter, 1, "lower-case hex of SHA-256", hex_size<kSha256Bytes>, sha256},
    TemplateHelper{"urlencode",
                   Use::filter,
                   1,
                   "percent-encoding of all but unreserved characters",
                   url_size,
                   url_encode},
    TemplateHelper{"hmac_sha1",
                   Use::function,
                   2,
                   "lower-case hex of HMAC-SHA-1(key, message)",
                   hex_size<kSha1Bytes>,
                   hmac<HashKind::sha1>},
    TemplateHelper{"hmac_sha256",
                   Use::function,
                   2,
                   "lower-case hex of HMAC-SHA-256(key, message)",
                   hex_size<kSha256Bytes>,
                   hmac<HashKind::sha256>},
    TemplateHelper{"hmac_sha512",
                   Use::function,
                   2,
                   "lower-case hex of HMAC-SHA-512(key, message)",
                   hex_size<kSha512Bytes>,
                   hmac<HashKind::sha512>},
    TemplateHelper{"totp",
                   Use::function,
                   1,
                   "the six-digit code of a base32 seed, now (RFC 6238)",
                   totp_size,
                   totp},
};

}  // namespace

std::span<const TemplateHelper> template_helpers() {
  return kHelpers;
}

const TemplateHelper* find_template_helper(std::string_view name) {
  const auto* const found =
      std::find_if(kHelpers.begin(), kHelpers.end(), [&](const TemplateHelper& helper) {
        return helper.name == name;
      });
  return found == kHelpers.end() ? nullptr : found;
}

}  // namespace keyswap::bindings
