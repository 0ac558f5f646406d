// SPDX-License-Identifier: Apache-2.0
//
// What a head that is well-formed line by line must satisfy as a message (I9): exactly one way to
// read where its body ends, one Host, no field that could pass for a framing field. RFC 9112
// sections 3.2, 6 and 9.3, made stricter: what one recipient could read differently from another is
// refused, never repaired. Not for what the request asks for: the forms of a target, identity and
// policy are proxy/flow's.
#pragma once

#include "proxy/base/result.h"
#include "proxy/http/message.h"

namespace keyswap::http {

// Judges a request whose method, target, version and fields are set, and sets its framing,
// keeps_alive and what it expects. invalid_input when it breaks a rule.
base::Status judge_request(RequestHead& head);

// Judges a response whose status, version and fields are set, and sets its framing and keeps_alive.
// invalid_input when it breaks a rule; 101 does unless it answers a request for an upgrade.
base::Status judge_response(ResponseHead& head, AnswerTo answer_to);

}  // namespace keyswap::http
