// SPDX-License-Identifier: Apache-2.0
#include "proxy/callers.h"

#include "vault/caller_token.h"

namespace keyswap::proxy {

std::string verified_caller(const vault::Source& vault,
                            const std::optional<flow::CallerClaim>& claim) {
  if (!claim) {
    return "";
  }
  const auto matches = vault.matches_system(vault::caller_entry(claim->name), claim->token_digest);
  return matches && *matches ? claim->name : "";
}

}  // namespace keyswap::proxy
