// SPDX-License-Identifier: Apache-2.0
#include "ca/crypto_start.h"

#include <cstddef>

#include <openssl/crypto.h>

namespace keyswap::ca {

namespace {

// A private number takes one block of 32 bytes while its handshake runs; this is room for both legs
// of every connection that bounds::kClientConnectionsMax allows, all in the middle of a handshake.
constexpr std::size_t kSecureHeapBytes = std::size_t{1024} * 1024;
constexpr std::size_t kSecureBlockBytes = 32;

base::Status start() {
  KS_TRY(ignore_crypto_configuration());
  if (CRYPTO_secure_malloc_initialized() == 1) {
    return {};
  }
  // 1: done; 2: mapped, but not all of it is locked or guarded; 0: not even that.
  if (CRYPTO_secure_malloc_init(kSecureHeapBytes, kSecureBlockBytes) != 1) {
    return base::Error{base::Errc::permission,
                       "memory for private keys cannot be locked: raise RLIMIT_MEMLOCK"};
  }
  return {};
}

}  // namespace

base::Status ignore_crypto_configuration() {
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
    return base::Error{base::Errc::unavailable, "OpenSSL does not start"};
  }
  return {};
}

base::Status start_crypto() {
  static const base::Status status = start();
  return status;
}

}  // namespace keyswap::ca
