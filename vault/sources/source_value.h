// SPDX-License-Identifier: Apache-2.0
//
// What a source gave, made what it is needed for. The same that the vault of this machine asks of
// an entry before it takes it (vault/entry_rules.h).
#pragma once

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/source.h"

namespace keyswap::vault {

// A text without the line end that programs and files put behind it, or a private key's PKCS#8 DER
// of its PEM. corrupt: it is no such value; unavailable: there is no locked memory for it.
base::Result<Secret> usable_value(const Secret& given, EntryKind kind);

}  // namespace keyswap::vault
