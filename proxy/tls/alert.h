// SPDX-License-Identifier: Apache-2.0
//
// TLS alerts by the names of their registry (RFC 8446 section 6, RFC 5246 section 7.2). Private to
// tls.
#pragma once

#include <string_view>

namespace keyswap::tls {

// "unknown_ca"; "unassigned" for a number that no specification gives a meaning.
std::string_view alert_name(int description);

}  // namespace keyswap::tls
