// SPDX-License-Identifier: Apache-2.0
//
// A private key that signs requests: RSA, Ed25519, or one on a NIST curve. What the vault keeps of
// it is PKCS#8 DER; how that and PEM are read is in bindings/private_key_der. The key lives in
// locked memory and in OpenSSL's own numbers, which it wipes (I1); it signs, and gives itself away
// only to write_der(), for the vault.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/bytes.h"
#include "proxy/base/result.h"

namespace keyswap::bindings {

// Immutable; thread-safe to use.
class PrivateKey {
 public:
  enum class Kind : std::uint8_t { rsa, ed25519, ec };

  // From what write_der() wrote. invalid_input for what is no PKCS#8; unsupported for another kind
  // of key, another curve than P-256, P-384 and P-521, and an RSA key of a size out of bounds.
  static base::Result<PrivateKey> from_der(std::string_view pkcs8_der);
  // What a user has: PEM (PKCS#8, or "RSA PRIVATE KEY", or "EC PRIVATE KEY"), or the base64 of DER
  // on one line. Also checks that the numbers make a key: for adding it, not for every request.
  // Errors as above; unsupported for an encrypted one.
  static base::Result<PrivateKey> from_text(std::string_view pem_or_base64_der);

  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  ~PrivateKey();

  [[nodiscard]] Kind kind() const;

  // Raw signatures: RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017 section 8.2), as long as the modulus;
  // Ed25519 (RFC 8032), 64 bytes; ECDSA on P-256 over SHA-256 (RFC 7518 section 3.4), 64 bytes, and
  // another signature each time. unsupported for a key of another kind or curve.
  [[nodiscard]] base::Result<std::string> sign_sha256_rsa_pkcs1(std::string_view message) const;
  [[nodiscard]] base::Result<std::string> sign_ed25519(std::string_view message) const;
  [[nodiscard]] base::Result<std::string> sign_es256(std::string_view message) const;

  // The public half: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in DER. unavailable when the
  // library fails.
  [[nodiscard]] base::Result<std::string> public_der() const;

  // PKCS#8 DER; `out` is locked memory. limit_exceeded when it does not fit.
  base::Status write_der(base::ByteSink& out) const;

 private:
  struct Parts;
  explicit PrivateKey(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace keyswap::bindings
