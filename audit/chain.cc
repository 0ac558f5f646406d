// SPDX-License-Identifier: Apache-2.0
#include "audit/chain.h"

#include <array>
#include <charconv>
#include <cstring>

#include <sodium.h>

#include "audit/scan.h"
#include "audit/sha256.h"
#include "audit/timestamp.h"

namespace keyswap::audit {

namespace {

constexpr std::string_view kDomain = "keyswap-audit-checkpoint\n";

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits{};
  const std::to_chars_result end =
      std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The checkpoint's line without its signature and closing brace.
std::string checkpoint_text(std::uint64_t seq, const Hash& hash, std::int64_t ts_us) {
  std::array<char, kTimestampBytes> ts{};
  write_timestamp(ts_us, ts.data());
  std::string text = R"({"v":1,"seq":)";
  append_number(seq, text);
  text += R"(,"hash":")";
  append_hex(hash.data(), hash.size(), text);
  text += R"(","ts":")";
  text.append(ts.data(), ts.size());
  text += '"';
  return text;
}

}  // namespace

Hash hash_line(const Hash& prev, std::string_view text) {
  const std::string_view before(reinterpret_cast<const char*>(prev.data()), prev.size());
  return sha256({before, text, "}"});
}

Hash append_line(std::uint64_t seq, const Hash& prev, std::string_view body, std::string& out) {
  const std::size_t begin = out.size();
  out += R"({"v":1,"seq":)";
  append_number(seq, out);
  out += ',';
  out += body;
  out += R"(,"prev":")";
  append_hex(prev.data(), prev.size(), out);
  out += '"';
  const Hash hash = hash_line(prev, std::string_view(out).substr(begin));
  out += R"(,"hash":")";
  append_hex(hash.data(), hash.size(), out);
  out += "\"}\n";
  return hash;
}

void append_hex(const std::uint8_t* bytes, std::size_t size, std::string& out) {
  static constexpr auto kPairs = [] {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte) {
      pairs.at(byte) = {kDigits[byte >> 4U], kDigits[byte & 0x0fU]};
    }
    return pairs;
  }();
  const std::size_t begin = out.size();
  out.resize(begin + 2 * size);
  char* place = out.data() + begin;
  for (std::size_t i = 0; i < size; ++i, place += 2) {
    std::memcpy(place, kPairs[bytes[i]].data(), 2);
  }
}

bool parse_hex(std::string_view digits, std::uint8_t* out, std::size_t size) {
  if (digits.size() != 2 * size) {
    return false;
  }
  for (std::size_t i = 0; i < size; ++i) {
    const int high = digit_of(digits[2 * i]);
    const int low = digit_of(digits[2 * i + 1]);
    if (high < 0 || low < 0) {
      return false;
    }
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

std::string checkpoint_message(std::uint64_t seq, const Hash& hash, std::int64_t ts_us) {
  return std::string(kDomain) + checkpoint_text(seq, hash, ts_us) + "}";
}

bool is_signed(std::string_view message,
               const std::array<std::uint8_t, 64>& signature,
               const std::array<std::uint8_t, 32>& public_key) {
  static_assert(crypto_sign_PUBLICKEYBYTES == 32 && crypto_sign_BYTES == 64);
  return crypto_sign_verify_detached(signature.data(),
                                     reinterpret_cast<const unsigned char*>(message.data()),
                                     message.size(),
                                     public_key.data()) == 0;
}

bool verify_checkpoint(const Checkpoint& checkpoint,
                       const std::array<std::uint8_t, 32>& public_key) {
  return is_signed(checkpoint_message(checkpoint.seq, checkpoint.hash, checkpoint.ts_us),
                   checkpoint.signature,
                   public_key);
}

std::string checkpoint_line(const Checkpoint& checkpoint) {
  std::string line = checkpoint_text(checkpoint.seq, checkpoint.hash, checkpoint.ts_us);
  line += R"(,"sig":")";
  append_hex(checkpoint.signature.data(), checkpoint.signature.size(), line);
  line += "\"}";
  return line;
}

std::optional<Checkpoint> parse_checkpoint_line(std::string_view line) {
  Checkpoint checkpoint;
  std::string_view rest = line;
  if (!take(rest, R"({"v":1,"seq":)") || !take_number(rest, checkpoint.seq) ||
      !take(rest, R"(,"hash":")") || !take_hash(rest, checkpoint.hash) ||
      !take(rest, R"(","ts":")")) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> ts_us = parse_timestamp(take_bytes(rest, kTimestampBytes));
  if (!ts_us || !take(rest, R"(","sig":")") ||
      !parse_hex(take_bytes(rest, 128), checkpoint.signature.data(), checkpoint.signature.size())) {
    return std::nullopt;
  }
  checkpoint.ts_us = *ts_us;
  // One checkpoint, one line: leading zeros and whatever follows show here.
  if (checkpoint_line(checkpoint) != line) {
    return std::nullopt;
  }
  return checkpoint;
}

}  // namespace keyswap::audit
