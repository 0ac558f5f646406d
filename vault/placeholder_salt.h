// SPDX-License-Identifier: Apache-2.0
//
// What makes the placeholders of one installation its own: 32 random bytes, kept in the vault as
// system secret "placeholder-salt". A placeholder is made of the salt and the secret's name, so
// that it is the same each time, and differs from that of every other installation.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "vault/secret.h"
#include "vault/vault.h"

namespace keyswap::vault {

inline constexpr std::string_view kPlaceholderSaltName = "placeholder-salt";

// The vault's salt; made, and durable, if there is none yet.
base::Result<Secret> placeholder_salt(Vault& vault);

// The seed of one secret's placeholder: a keyed hash (BLAKE2b) of `name`. It says nothing of the
// salt, and is no secret itself. invalid_input unless the salt is 32 bytes.
base::Result<std::array<std::uint8_t, 32>> placeholder_seed(const Secret& salt,
                                                            std::string_view name);

}  // namespace keyswap::vault
