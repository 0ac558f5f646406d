// SPDX-License-Identifier: Apache-2.0
//
// Is a caller who it says it is? The vault has the digests of the tokens that were given out; a
// caller that was removed, or has a new token, is nobody from then on.
#pragma once

#include <optional>
#include <string>

#include "proxy/base/result.h"
#include "proxy/flow/caller.h"
#include "vault/caller_digests.h"

namespace keyswap::net {

// The caller's name; "" if there is no claim or it is not true. I13: an error when the vault cannot
// tell: unavailable (no locked memory now), corrupt.
base::Result<std::string> verified_caller(const vault::CallerDigests& digests,
                                          const std::optional<flow::CallerClaim>& claim);

}  // namespace keyswap::net
