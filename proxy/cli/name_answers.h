// SPDX-License-Identifier: Apache-2.0
//
// DNS (RFC 1035) as the command of `run --isolated` has it: no name leads anywhere but to the
// loopback, where nothing listens but the proxy. So a program that looks a name up before it asks
// the proxy goes on, and one that then connects by itself is refused at once. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "bindings/binding.h"

namespace keyswap::cli {

// Longer questions are not DNS over UDP.
inline constexpr std::size_t kQuestionBytesMax = 512;

// The answer to one datagram: 127.0.0.1 for a name that may be reached, no address of another kind
// than IPv4, and NXDOMAIN for all others. "": there is none, for it was no question.
// The name comes in lower case, without a dot at its end.
std::string answer_question(std::string_view question,
                            const std::function<bool(std::string_view)>& is_reached);

// Does the proxy lead anybody to that host? As the bindings say; which addresses it dials is
// another matter.
bool may_be_reached(const bindings::Bindings& bindings, std::string_view host);

}  // namespace keyswap::cli
