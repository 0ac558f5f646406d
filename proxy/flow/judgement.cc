// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/judgement.h"

#include "bindings/venue.h"
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
    case bindings::SignerRefusal::signature_form_not_supported:
      return audit::Reason::signature_form_not_supported;
  }
  KS_UNREACHABLE();
}

bool costs(const bindings::Judgement& judgement, const bindings::Scope& scope) {
  return scope.rate_limit || scope.quota_per_day || judgement.volume_e8 > 0 ||
         judgement.wants_nonce;
}

ChargeFate fate_by(const bindings::Venue* venue, int status) {
  return venue != nullptr && venue->says_refused(status) ? ChargeFate::refused : ChargeFate::keep;
}

}  // namespace keyswap::flow
