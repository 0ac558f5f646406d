// SPDX-License-Identifier: Apache-2.0
//
// The OCSP answer that an upstream may staple to its handshake (RFC 6066 section 8, RFC 6960):
// asked for, and believed when it speaks against the certificate. Private to tls.
#pragma once

#include "proxy/base/result.h"

struct ssl_ctx_st;

namespace keyswap::tls {

// Makes every connection of this client context ask for a stapled answer and fail when it says
// revoked, when it cannot be read, or when the certificate demands one (RFC 7633) and no good one
// is there.
//
// An answer that says revoked counts whoever signed it: it came inside the handshake, from the
// server itself. One that says good proves nothing that its absence would not, so its signature is
// checked only when the certificate demands it.
base::Status require_good_staple(ssl_ctx_st* context);

}  // namespace keyswap::tls
