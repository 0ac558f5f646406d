// SPDX-License-Identifier: Apache-2.0
//
// Web pages are no clients: what a page that somebody opened on this machine lets his browser send
// to the listener itself, by a reverse route or to what keyswap answers. (What a browser sends
// through the proxy is not asked here: it was set up to use it, and `Origin` is for the upstream.)
// Pure.
#pragma once

#include <optional>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// origin_not_allowed: the request names an origin that `allow_origins` does not have; or it says by
// `Sec-Fetch-Site` that a browser sends it, and no origin; or it is in origin form and its Host is
// neither localhost nor an address of loopback, nor that of a listed origin: then somebody's name
// was made to lead here (DNS rebinding). Ports are not compared: ssh -L may give us another one.
std::optional<audit::Reason> check_web_page(const http::RequestHead& head,
                                            const bindings::Bindings& bindings);

// The same of what anybody may read who looks at the listener: also whoever typed its address into
// a browser (`Sec-Fetch-Site: none`, which no page can have said). Whoever does not come over
// loopback (`is_from_here`) may name it by any Host: a container engine's, a service's. No browser
// of this machine is led there by one.
std::optional<audit::Reason> check_visit(const http::RequestHead& head,
                                         const bindings::Bindings& bindings,
                                         bool is_from_here);

// The same of what its fields for pages say alone, of a request on a host of its own.
std::optional<audit::Reason> check_page_fields(const http::RequestHead& head,
                                               const bindings::Bindings& bindings);

}  // namespace keyswap::flow
