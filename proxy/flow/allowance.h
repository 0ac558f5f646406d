// SPDX-License-Identifier: Apache-2.0
//
// What a refusal tells of the policy that it follows: the secret that it is about, and what its
// bindings would allow to this caller. An agent that reads it can mend its request, and need not
// try. Names and rules only, never a value; nothing of what other callers may. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

struct RefusedRequest {
  audit::Reason reason = audit::Reason::malformed_request;
  std::optional<std::uint32_t> rule;  // that the refusal is about
  const http::Authority& destination;
  std::string_view caller;  // who sent it, "" unknown
};

// Sentences as base::Facts makes them: no more than bounds::kFactsBytesMax bytes, none of which
// needs an escape in JSON. "" where the reason is none of the policy's, or there is nothing to say.
std::string allowance_of(const bindings::Bindings& bindings, const RefusedRequest& refused);

}  // namespace keyswap::flow
