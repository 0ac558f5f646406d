// SPDX-License-Identifier: Apache-2.0
//
// What a signer's judgement means for the request or the message it judged, and what an answer of
// the upstream means for what was charged.
#pragma once

#include "audit/record.h"
#include "bindings/binding.h"
#include "bindings/signer.h"
#include "proxy/flow/action.h"

namespace keyswap::flow {

audit::Reason reason_of(bindings::SignerRefusal refusal);

// Is there something to charge under this scope?
bool costs(const bindings::Judgement& judgement, const bindings::Scope& scope);

// As the rule's venue (nullptr: none, and then nothing was traded) reads it. `status`: of the final
// response, or of a reply on a WebSocket; 0: it does not say.
ChargeFate fate_by(const bindings::Venue* venue, int status);

}  // namespace keyswap::flow
