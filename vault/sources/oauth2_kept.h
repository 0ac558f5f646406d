// SPDX-License-Identifier: Apache-2.0
//
// What one process tells the others, and itself after a restart, of a refresh token: which access
// token came of it last, or that it is good no more. It is an entry of the vault beside that of the
// refresh token, and speaks of one version of that one: another version begins anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/base/result.h"
#include "vault/secret.h"
#include "vault/secret_name.h"

namespace keyswap::vault {

struct KeptToken {
  std::string digest;  // kept_digest(): others have no use for it
  std::int64_t minted_us = 0;
  std::int64_t expires_s = 0;
  std::string grant_version;  // of the refresh token that is good for the next one
  // The one that was sent for that, until that has worked itself; empty: there is none.
  Secret previous;
  Secret token;  // empty: it was none that could be used
};

struct LostGrant {
  std::string grant_version;
};

// Monostate: nothing that can be used.
using KeptState = std::variant<std::monostate, KeptToken, LostGrant>;

SecretName kept_name(const SecretName& refresh_token);

// Of who asked, and for what: `versions` of the entries that it says who it is by. So what a client
// got goes with its secret, in each process.
std::string kept_digest(std::string_view spec_digest, std::string_view versions);

KeptState read_kept(std::string_view text);

// unavailable: there is no locked memory.
base::Result<Secret> kept_text(const KeptToken& kept);
base::Result<Secret> kept_text(const LostGrant& lost);

}  // namespace keyswap::vault
