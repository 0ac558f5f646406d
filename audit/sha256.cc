// SPDX-License-Identifier: Apache-2.0
//
// These functions are deprecated in OpenSSL 3 and present in all of 3.x. They run the same code of
// the processor's instructions as EVP does, without what EVP does around it for each text.
// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's name
#define OPENSSL_SUPPRESS_DEPRECATED

#include "audit/sha256.h"

#include <openssl/sha.h>

#include "proxy/base/assert.h"

namespace keyswap::audit {

std::array<std::uint8_t, 32> sha256(std::initializer_list<std::string_view> pieces) {
  static_assert(SHA256_DIGEST_LENGTH == 32);
  std::array<std::uint8_t, 32> hash{};
  SHA256_CTX context;
  // I7: a hash that could not be computed must never stand in the log.
  KS_ASSERT(SHA256_Init(&context) == 1);
  for (const std::string_view piece : pieces) {
    KS_ASSERT(SHA256_Update(&context, piece.data(), piece.size()) == 1);
  }
  KS_ASSERT(SHA256_Final(hash.data(), &context) == 1);
  return hash;
}

}  // namespace keyswap::audit
