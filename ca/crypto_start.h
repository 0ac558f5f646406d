// SPDX-License-Identifier: Apache-2.0
//
// How libcrypto is started: without any configuration file, whatever OPENSSL_CONF says (such a file
// could load code or lower the security level), and with its secure heap in locked memory, so that
// the private numbers of keys (the root's, the leaf key's, key shares) cannot be swapped out or
// dumped. Private to ca and tls; everything of theirs that touches a key calls it first.
#pragma once

#include "proxy/base/result.h"

namespace keyswap::ca {

// Idempotent and thread-safe. A command's first act, before any code can make libcrypto start by
// itself: its configuration is read once, or never. unavailable when libcrypto does not start.
base::Status ignore_crypto_configuration();

// The same, and the heap. Idempotent and thread-safe; the first call decides. permission when the
// memory cannot be locked (I13).
base::Status start_crypto();

}  // namespace keyswap::ca
