// SPDX-License-Identifier: Apache-2.0
//
// The written forms of a private key: PEM (RFC 7468) or base64 -> PKCS#8 DER (RFC 5958) -> the
// numbers in it. Read here, not by OpenSSL, whose decoders leave copies of a key in memory that
// they do not wipe (I1). What the numbers are good for is bindings/private_key's business.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings {

// Whole numbers, big-endian, without leading zeros.
struct RsaNumbers {
  std::string_view modulus;
  std::string_view public_exponent;
  std::string_view private_exponent;
  std::string_view prime1;
  std::string_view prime2;
  std::string_view exponent1;
  std::string_view exponent2;
  std::string_view coefficient;
};

struct Ed25519Seed {
  std::string_view bytes;  // 32
};

enum class Curve : std::uint8_t { p256, p384, p521 };

struct EcNumbers {
  Curve curve = Curve::p256;
  std::string_view number;  // as long as the curve's order
  std::string_view point;   // SEC 1; empty when the key does not say
};

using KeyNumbers = std::variant<RsaNumbers, Ed25519Seed, EcNumbers>;

// The numbers, as views into `der`, which must be one whole PKCS#8 key and nothing after it.
// invalid_input; unsupported for another kind of key or another curve.
base::Result<KeyNumbers> read_pkcs8(std::string_view der);

// The PKCS#8 DER of the first private key in PEM text, or of base64 on one line; the traditional
// forms (RFC 8017 appendix A.1.2, RFC 5915) and the bare bytes of an Ed25519 key (its seed, with or
// without the public half behind it) are wrapped. Text with "\n" written out for its line ends, as
// in JSON, is read too. invalid_input; unsupported for encrypted keys and OpenSSH's form.
base::Result<vault::Secret> pkcs8_of_text(std::string_view text);

}  // namespace keyswap::bindings
