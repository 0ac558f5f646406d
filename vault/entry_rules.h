// SPDX-License-Identifier: Apache-2.0
//
// What may be put in a vault, judged before it is sealed. Pure but for make_uuid.
#pragma once

#include <string>
#include <string_view>

#include "vault/secret.h"
#include "vault/secret_name.h"

namespace keyswap::vault {

// The service of every private key and of nothing else: it is how the vault knows them.
inline constexpr std::string_view kPrivateKeyService = "private-key";

// invalid_input for a name that was never parsed, and a service that is no printable ASCII of at
// most bounds::kServiceBytesMax, or is kPrivateKeyService.
base::Status check_entry(const SecretName& name, std::string_view service);
// invalid_input for a value that check_size or the framing of a message refuses: it goes into a
// header line as it is, so NUL, CR, LF, all other controls and DEL are none.
base::Status check_value(const Secret& value);
// invalid_input unless it has 1 to bounds::kSecretBytesMax bytes.
base::Status check_size(const Secret& value);

// RFC 9562 section 5.4: random, version 4.
std::string make_uuid();

}  // namespace keyswap::vault
