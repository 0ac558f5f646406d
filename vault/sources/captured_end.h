// SPDX-License-Identifier: Apache-2.0
//
// When a value that came in an answer is over (docs/bindings.md, "Capture", `expires`). It is an
// entry of the vault beside that of the value, and speaks of the values that came lately, each by
// its digest: the one that was there before keeps its end should the next not be kept. Of another
// one, which somebody put in, it says nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"
#include "vault/vault.h"

namespace keyswap::vault {

// `entry`: a name that a user gave.
SecretName captured_end_name(const SecretName& entry);

// What stands in that entry once this value came, too; `before`: what stood there, "" nothing.
// Seconds since 1970; nothing: it is not known to end. unavailable: there is no locked memory.
base::Result<Secret> captured_end_text(std::string_view before,
                                       const Secret& value,
                                       std::optional<std::int64_t> expires_at);

// Does what stands there say an end of this value?
bool says_captured_end(std::string_view text, const Secret& value);

// When the value of that entry is over; nothing: it is not known to end. As Vault::fetch, but that
// it has no end where there is no entry.
base::Result<std::optional<std::int64_t>> captured_end_of(const Vault& vault,
                                                          const SecretName& entry,
                                                          const Secret& value);

}  // namespace keyswap::vault
