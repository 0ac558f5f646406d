// SPDX-License-Identifier: Apache-2.0
//
// I1: libcurl copies what it sends and what it is answered, credentials among it. So its whole heap
// is locked memory, which is wiped when it is given back (vault/secret.h); where that is full, a
// call fails. OpenSSL's own buffers are as in proxy/tls: they are wiped as they are read.
#pragma once

#include "proxy/base/result.h"

namespace keyswap::outgoing {

// Before anything else of libcurl, after tls::start_library() and vault::lock_memory(), and before
// system calls are given up: libcurl starts OpenSSL in its own way, and looks at the environment.
// Idempotent. unavailable.
base::Status start_call_memory();

}  // namespace keyswap::outgoing
