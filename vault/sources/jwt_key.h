// SPDX-License-Identifier: Apache-2.0
//
// The private key of a source that signs tokens, and the tokens that it signs: as the vault keeps
// it (PKCS#8 DER), or as a file has it (PEM).
#pragma once

#include <string_view>
#include <variant>

#include "bindings/signatures/jwt.h"
#include "vault/secret.h"
#include "vault/sources/run.h"

namespace keyswap::vault {

// The token that this key signs. A key that is none, or of another kind than the algorithm's, is
// `auth_lost`: only a person can put another one there.
std::variant<Secret, Failed> signed_token(bindings::jwt::Algorithm algorithm,
                                          std::string_view header,
                                          std::string_view claims,
                                          const Secret& key);

// Why a key cannot sign by that; null: it can.
const char* check_jwt_algorithm(std::string_view text);

}  // namespace keyswap::vault
