// SPDX-License-Identifier: Apache-2.0
//
// A public key that verifies what a client signed: RSA, Ed25519 or P-256. It stands in the bindings
// and is no secret; the private halves are in bindings/private_key.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/base/result.h"

struct evp_pkey_st;

namespace keyswap::bindings {

// Immutable; thread-safe to use.
class PublicKey {
 public:
  enum class Kind : std::uint8_t { rsa, ed25519, p256 };

  // PEM ("PUBLIC KEY"), or the base64 of its DER on one line: SubjectPublicKeyInfo (RFC 5280
  // section 4.1.2.7). Line ends may be written out as "\n". invalid_input for what is none;
  // unsupported for another kind of key, another curve, and an RSA key of a size out of bounds.
  static base::Result<PublicKey> from_text(std::string_view pem_or_base64_der);
  // The same of DER.
  static base::Result<PublicKey> from_der(std::string_view der);

  [[nodiscard]] Kind kind() const { return kind_; }

  // Is it this key's signature of the message, in the form that PrivateKey gives: RSASSA-PKCS1-v1_5
  // over SHA-256, Ed25519, or ECDSA over SHA-256 as r and s of 32 bytes each?
  [[nodiscard]] bool verifies(std::string_view message, std::string_view signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };

  using Pointer = std::unique_ptr<evp_pkey_st, Free>;

  PublicKey(Pointer key, Kind kind) : key_(std::move(key)), kind_(kind) {}

  Pointer key_;
  Kind kind_;
};

}  // namespace keyswap::bindings
