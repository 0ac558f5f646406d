// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4a.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "bindings/digest.h"
#include "bindings/signatures/sigv4.h"

namespace keyswap::bindings::sigv4 {

namespace {

constexpr std::size_t kNumberBytes = 32;
constexpr std::uint8_t kCounterMax = 254;

// Two less than the order of P-256 (FIPS 186-4, D.1.2.3).
constexpr std::array<std::uint8_t, kNumberBytes> kResultMax = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f};

// RFC 5958 around RFC 5915: what stands before the number of a key on P-256 that says no more.
constexpr std::string_view kPkcs8Head(
    "\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d"
    "\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
    35);

// All bytes are looked at, whatever they are: how far they agree is not to be seen in the time.
bool is_above_max(std::span<const char, kNumberBytes> bytes) {
  unsigned borrow = 0;
  for (std::size_t i = kNumberBytes; i > 0; --i) {
    const auto byte = static_cast<unsigned>(static_cast<std::uint8_t>(bytes[i - 1]));
    borrow = ((unsigned{kResultMax[i - 1]} - byte - borrow) >> 8U) & 1U;
  }
  return borrow != 0;
}

// 00000001, the algorithm, 00, the id, the counter, and the length in bits.
base::Status write_result(std::string_view key,
                          std::string_view key_id,
                          std::uint8_t counter,
                          Digest& out) {
  constexpr std::string_view kOne("\x00\x00\x00\x01", 4);
  constexpr std::string_view kBits("\x00\x00\x01\x00", 4);
  const char count = static_cast<char>(counter);
  Hmac hmac;
  KS_TRY(hmac.begin(HashKind::sha256, key));
  KS_TRY(hmac.add(kOne));
  KS_TRY(hmac.add(kAsymmetricAlgorithm));
  KS_TRY(hmac.add({"\x00", 1}));
  KS_TRY(hmac.add(key_id));
  KS_TRY(hmac.add({&count, 1}));
  KS_TRY(hmac.add(kBits));
  return hmac.finish(out);
}

}  // namespace

base::Result<vault::Secret> derive_number(std::string_view key_id, std::string_view secret) {
  const auto key = locked_text(std::array<std::string_view, 2>{"AWS4A", secret});
  auto bytes = vault::LockedBytes::of_size(kNumberBytes);
  if (!key || !bytes) {
    return key ? bytes.error() : key.error();
  }
  for (std::uint8_t counter = 1; counter <= kCounterMax; ++counter) {
    Digest digest;
    KS_TRY(write_result(key->reveal(), key_id, counter, digest));
    std::ranges::copy(digest.view(), bytes->data());
    if (make_number(std::span<char, kNumberBytes>(bytes->data(), kNumberBytes))) {
      return vault::Secret::adopt(std::move(*bytes), kNumberBytes);
    }
  }
  return base::Error{base::Errc::invalid_input, "no key of version 4A comes of this pair"};
}

base::Result<PrivateKey> derive_key(std::string_view key_id, std::string_view secret) {
  const auto number = derive_number(key_id, secret);
  if (!number) {
    return number.error();
  }
  const auto der = locked_text(std::array<std::string_view, 2>{kPkcs8Head, number->reveal()});
  return der ? PrivateKey::from_der(der->reveal()) : der.error();
}

bool make_number(std::span<char, kNumberBytes> bytes) {
  if (is_above_max(bytes)) {
    return false;
  }
  unsigned carry = 1;
  for (std::size_t i = kNumberBytes; i > 0; --i) {
    const unsigned sum = static_cast<std::uint8_t>(bytes[i - 1]) + carry;
    bytes[i - 1] = static_cast<char>(sum & 0xffU);
    carry = sum >> 8U;
  }
  return true;
}

}  // namespace keyswap::bindings::sigv4
