// SPDX-License-Identifier: Apache-2.0
//
// The sentences of `keyswap bindings explain`: what an answer of the proxy (explain_road.h) means.
// The answer is given; nothing is decided here. Pure.
#pragma once

#include <string>

#include "bindings/binding.h"
#include "proxy/cli/explain_road.h"

namespace keyswap::cli {

// "api.example.com, POST, /v1/**"
std::string describe(const bindings::Scope& scope);

// "header x-api-key", "query parameter key"
std::string describe(const bindings::Placement& placement);

// What becomes of the answer to a request that it lets a secret into.
std::string describe_answers(const bindings::Scope& scope);
// And of a request that has the secret's real value in it.
std::string describe_real_value(const bindings::Scope& scope);

// What happens to the connection of a request that is not refused.
std::string handling_of(const bindings::Bindings& bindings,
                        const RequestToExplain& request,
                        const Answer& answer);

// Why it is refused, whatever it carries.
std::string why_refused(const bindings::Bindings& bindings,
                        const RequestToExplain& request,
                        const Answer& answer);

// Does a binding of it name that host, at whatever port?
bool names_host(const bindings::SecretRule& rule, const http::Authority& destination);

// Of one secret: how it goes, and why it does not.
std::string why_swapped(const bindings::SecretRule& rule,
                        std::uint32_t place,
                        const RequestToExplain& request);
std::string why_swapped_by_route(const bindings::SecretRule& rule);
std::string why_in_messages(const bindings::SecretRule& rule, const RequestToExplain& request);
// What its venue says of host and endpoint, to be put behind a sentence; "" if it is of none.
std::string note_on_venue(const bindings::SecretRule& rule, const RequestToExplain& request);
std::string why_not_swapped(const bindings::SecretRule& rule,
                            std::uint32_t place,
                            const RequestToExplain& request,
                            audit::Reason reason);

}  // namespace keyswap::cli
