// SPDX-License-Identifier: Apache-2.0
//
// What Bitwarden's Secrets Manager seals, and how it is opened: the access token that a machine
// account has, the key in it, and the texts that are sealed with keys (EncString, type 2:
// AES-256-CBC with HMAC-SHA256). Keys and what is opened are in locked memory (I1).
// Source: the "Secrets Manager SDK" and "Access tokens" of Bitwarden's contributing documentation,
// and the SDK's own tests.
#pragma once

#include <string>
#include <string_view>

#include "vault/secret.h"

namespace keyswap::vault::bitwarden {

// Two keys, one behind the other: of the cipher, and of the MAC.
inline constexpr std::size_t kKeyBytes = 64;

struct AccessToken {
  std::string client_id;
  Secret client_secret;
  Secret key;  // opens what the log-in answers
};

// "0.<client id>.<client secret>:<seed in base64>". unsupported for the access token of an access
// connector, which has a part more; invalid_input for what is none.
base::Result<AccessToken> read_access_token(const Secret& text);

// "2.<iv>|<sealed>|<mac>", each in base64. The MAC is looked at first, in constant time. One error,
// invalid_input, for all that can be wrong with it, so that nobody learns which; unavailable when
// there is no locked memory.
base::Result<Secret> open_text(std::string_view sealed, const Secret& key);

// The organisation's key in a log-in's `encrypted_payload`; errors as above.
base::Result<Secret> open_organization_key(std::string_view payload, const AccessToken& token);

}  // namespace keyswap::vault::bitwarden
