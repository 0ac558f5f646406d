// SPDX-License-Identifier: Apache-2.0
//
// For `serve`, before bindings come into force: what some sources are opened with has to be there,
// and of the right form, because it is needed when all else fails, and nobody could mend it then
// (vault::SettingRule::check_opener). No source is asked.
#pragma once

#include <cstdint>

#include "bindings/binding.h"
#include "proxy/cli/failure.h"
#include "vault/vault.h"

namespace keyswap::cli {

// The first that is no good.
Problem check_openers(const bindings::Bindings& bindings, vault::Vault& vault, std::int64_t now_s);

}  // namespace keyswap::cli
