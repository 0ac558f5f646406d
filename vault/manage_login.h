// SPDX-License-Identifier: Apache-2.0
//
// What the management listener knows its operator by, sealed in the vault: a password, as the
// Argon2id hash of it, and one-time codes, each as its digest with the time at which it ends. The
// commands that make a code run beside the proxy: it reads the vault anew before it takes one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vault/vault.h"

namespace keyswap::vault {

// Two texts that somebody typed, compared in constant time.
bool is_same_secret(const Secret& one, const Secret& other);
// Without spaces, tabs and ends of lines around it. unavailable: there is no locked memory for it.
base::Result<Secret> without_blanks(const Secret& secret);

[[nodiscard]] bool has_manage_password(const Vault& vault);
// Takes as long as the hash does (bounds::kManageKdfMemoryBytes). invalid_input: it is shorter than
// bounds::kManagePasswordBytesMin or longer than a passphrase may be; already_exists: there is one.
base::Status set_manage_password(Vault& vault, const Secret& password);
// Is it that? Likewise. not_found: there is none; corrupt.
base::Result<bool> check_manage_password(const Vault& vault, const Secret& password);
// With the codes. not_found: there is none.
base::Status drop_manage_password(Vault& vault);

enum class ManageCode : std::uint8_t {
  setup,  // to say the first password: bounds::kManageSetupCodeSeconds
  page,   // for a session without one: bounds::kManagePageCodeSeconds
};

// A new code, 32 random bytes in base64url, which takes the place of the last of its kind.
base::Result<std::string> make_manage_code(Vault& vault, ManageCode kind, std::int64_t now_s);
// Is it the one that was made last, and in time? It counts no more then, durably.
base::Result<bool> take_manage_code(Vault& vault,
                                    ManageCode kind,
                                    std::string_view code,
                                    std::int64_t now_s);

}  // namespace keyswap::vault
