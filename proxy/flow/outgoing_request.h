// SPDX-License-Identifier: Apache-2.0
//
// The one writer of edits (bindings/edits.h): what leaves of a request's head. Hop-by-hop fields
// go; whatever a placement, a signer or a reverse route changes stands in its place; nothing else
// is different (I9).
#pragma once

#include <string_view>

#include "bindings/edits.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

// I9: are the edits such that nothing but what they name changes? invalid_input or limit_exceeded
// if not.
base::Status check_edits(const bindings::Edits& edits);
// The same of one field's value, and of a target, as they are sent.
base::Status check_field_value(std::string_view value);
base::Status check_target(std::string_view target);

// What an edit writes; a view.
std::string_view bytes_of(const bindings::EditText& text);

// A view of all that it is given.
http::OutgoingRequest outgoing_request(const http::RequestHead& head,
                                       std::string_view target,
                                       const bindings::Edits& edits);

}  // namespace keyswap::flow
