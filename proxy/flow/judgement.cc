// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/judgement.h"

#include "proxy/base/assert.h"

namespace keyswap::flow {

audit::Reason reason_of(bindings::SignerRefusal refusal) {
  switch (refusal) {
    case bindings::SignerRefusal::malformed_request:
      return audit::Reason::malformed_request;
    case bindings::SignerRefusal::endpoint_blocked:
      return audit::Reason::endpoint_blocked;
    case bindings::SignerRefusal::order_limit_exceeded:
      return audit::Reason::order_limit_exceeded;
  }
  KS_UNREACHABLE();
}

bool costs(const bindings::Judgement& judgement, const bindings::Scope& scope) {
  return scope.rate_limit || scope.quota_per_day || judgement.volume_e8 > 0 ||
         judgement.wants_nonce;
}

// An order that was refused is no order; of any other answer it may have been made. So with two of
// the 4xx: 408 is a time-out behind the venue's front (Binance's -1007, "execution status
// unknown"), and 409 an order/cancelReplace of which one half was done.
// Sources: "HTTP Return Codes" (409) and "Error Codes" (-1007) of developers.binance.com.
ChargeFate fate_by(int status) {
  constexpr int kRequestTimeout = 408;
  constexpr int kConflict = 409;
  const bool says_refused =
      status >= 400 && status < 500 && status != kRequestTimeout && status != kConflict;
  return says_refused ? ChargeFate::refused : ChargeFate::keep;
}

}  // namespace keyswap::flow
