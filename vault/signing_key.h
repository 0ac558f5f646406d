// SPDX-License-Identifier: Apache-2.0
//
// The Ed25519 key that signs the audit log's checkpoints (RFC 8032). The 32-byte seed is a Secret,
// kept in the vault as system secret "audit-signing-seed"; the public key stands beside the log.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "vault/secret.h"

namespace keyswap::vault {

base::Result<Secret> make_signing_seed();

// Has its locked memory from the beginning, so that what others keep there cannot stop a signature.
// The audit log would die of that for good.
class SigningKey {
 public:
  // Fails: invalid_input unless the seed is 32 bytes, unavailable without locked memory.
  static base::Result<SigningKey> of(const Secret& seed);

  [[nodiscard]] const std::array<std::uint8_t, 32>& public_key() const { return public_key_; }

  [[nodiscard]] std::array<std::uint8_t, 64> sign(std::string_view message) const;

 private:
  SigningKey(const std::array<std::uint8_t, 32>& public_key, LockedBytes secret_key)
      : public_key_(public_key), secret_key_(std::move(secret_key)) {}

  std::array<std::uint8_t, 32> public_key_;
  LockedBytes secret_key_;
};

}  // namespace keyswap::vault
