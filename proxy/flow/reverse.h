// SPDX-License-Identifier: Apache-2.0
//
// Reverse routes: origin-form requests on the listener, for programs that can only change a base
// URL. The route's first segments are matched byte for byte and name a rule; the rest of the target
// goes on as it came, and is judged by the rule's scopes like that of any other request
// (proxy/flow/decide). Pure.
//
//   /VENUE/SEGMENT/REST    -> /SEGMENT/REST of the first bound host that serves it for that venue
//   /proxy/NAME/REST       -> /REST of the binding with `route: NAME`
//   /proxy/openai/REST     -> /REST of api.openai.com, where no binding has that name
//   /proxy/anthropic/REST  -> /REST of api.anthropic.com, likewise
//   /custom/NAME/REST      -> BASE_PATH/REST of that custom service
#pragma once

#include <optional>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// Does it begin like a reverse route?
bool is_reverse_target(std::string_view target, bindings::Venues venues);

struct ReverseRoute {
  Destination destination;        // empty if there is no such route
  std::optional<ReverseUse> use;  // nothing then, too
  std::optional<audit::Reason> refusal;
};

// Where the request goes. Of several rules and scopes that could be meant, the first that allows
// its method and path and serves `caller`; else the first of all, so that the refusal tells why.
// Refused: malformed_request (no such route, or a rest that cannot stand in a target),
// method_not_supported, upgrade_not_supported, target_too_long.
ReverseRoute find_reverse(const http::RequestHead& head,
                          const bindings::Bindings& bindings,
                          std::string_view caller);

}  // namespace keyswap::flow
