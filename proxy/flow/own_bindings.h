// SPDX-License-Identifier: Apache-2.0
//
// GET /.well-known/keyswap on a host whose requests are read: a caller asks what it may do, and is
// answered by keyswap, with nothing sent. An agent that knows its placeholders, their places, and
// the hosts, methods and paths that they are for need not try them. No value is in it (I1), and
// nothing that only other callers may use. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/http/message.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

// Does a request on such a host ask for that, and what becomes of it? bindings_shown: it is told;
// method_not_supported, origin_not_allowed (a web page of that host asks): it is refused. Nothing:
// it is the upstream's. `target`: in origin form.
std::optional<audit::Reason> check_own_bindings(const http::RequestHead& head,
                                                std::string_view target,
                                                const bindings::Bindings& bindings);

// The answer: JSON as docs/bindings.md describes it, about bounds::kOwnBindingsBytesMax bytes at
// most. The secrets of `host` come first; `caller`: "" unknown.
std::string own_bindings(const bindings::Bindings& bindings,
                         const http::Authority& host,
                         std::string_view caller);

}  // namespace keyswap::flow
