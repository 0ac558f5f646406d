// SPDX-License-Identifier: Apache-2.0
//
// The Ed25519 key that signs the audit log's checkpoints (RFC 8032). The 32-byte seed is a Secret,
// kept in the vault as system secret "audit-signing-seed"; the public key stands beside the log.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "vault/secret.h"

namespace keyswap::vault {

base::Result<Secret> make_signing_seed();
base::Result<std::array<std::uint8_t, 32>> public_key_of(const Secret& seed);
base::Result<std::array<std::uint8_t, 64>> sign(const Secret& seed, std::string_view message);

}  // namespace keyswap::vault
