// SPDX-License-Identifier: Apache-2.0
//
// When a value that came in an answer is over (docs/bindings.md, "Capture", `expires`). It is an
// entry of the vault beside that of the value, and speaks of one value: of another one, which
// somebody put in or which came later without an end, it says nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/vault.h"

namespace keyswap::vault {

// `entry`: a name that a user gave.
SecretName captured_end_name(const SecretName& entry);

// What stands in that entry; seconds since 1970. unavailable: there is no locked memory.
base::Result<Secret> captured_end_text(const Secret& value, std::int64_t expires_at);

// When the value of that entry is over; nothing: it is not known to end. As Vault::fetch, but that
// it has no end where there is no entry.
base::Result<std::optional<std::int64_t>> captured_end_of(const Vault& vault,
                                                          const SecretName& entry,
                                                          const Secret& value);

}  // namespace keyswap::vault
