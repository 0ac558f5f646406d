// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/callers.h"

#include "vault/caller_token.h"

namespace keyswap::net {

base::Result<std::string> verified_caller(const vault::CallerDigests& digests,
                                          const std::optional<flow::CallerClaim>& claim) {
  if (!claim) {
    return std::string();
  }
  const auto matches =
      digests.matches_system(vault::caller_entry(claim->name), claim->token_digest);
  if (!matches && matches.error().code != base::Errc::not_found) {
    return matches.error();
  }
  return matches && *matches ? claim->name : std::string();
}

}  // namespace keyswap::net
