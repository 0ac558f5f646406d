// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/client.h"

#include "proxy/net/callers.h"

namespace keyswap::net {

std::string Client::owner(const std::string& caller) const {
  const std::string who = user ? "u" + std::to_string(*user) : "c" + std::to_string(number);
  return who + "/" + caller;
}

void Caller::look_up(const vault::CallerDigests& digests) {
  const auto verified = verified_caller(digests, claim);
  name = verified ? *verified : "";
  fault = verified ? std::nullopt : std::optional(flow::fault_of(verified.error()));
}

}  // namespace keyswap::net
