// SPDX-License-Identifier: Apache-2.0
#include "test/support/quick_kdf.h"

#include <algorithm>
#include <atomic>
#include <cstddef>

#include <sodium.h>

namespace keyswap::test {

namespace {

std::atomic<int> real_ones = 0;

}  // namespace

RealKdf::RealKdf() {
  ++real_ones;
}

RealKdf::~RealKdf() {
  --real_ones;
}

}  // namespace keyswap::test

// The linker's names (--wrap): each call of the first goes to the second, which reaches it as the
// third.
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
int __real_crypto_pwhash(unsigned char* key,
                         unsigned long long key_size,
                         const char* text,
                         unsigned long long text_size,
                         const unsigned char* salt,
                         unsigned long long passes,
                         std::size_t memory_bytes,
                         int algorithm);

int __wrap_crypto_pwhash(unsigned char* key,
                         unsigned long long key_size,
                         const char* text,
                         unsigned long long text_size,
                         const unsigned char* salt,
                         unsigned long long passes,
                         std::size_t memory_bytes,
                         int algorithm) {
  constexpr std::size_t kLess = 1024;
  const std::size_t used =
      keyswap::test::real_ones > 0
          ? memory_bytes
          : std::max<std::size_t>(memory_bytes / kLess, crypto_pwhash_MEMLIMIT_MIN);
  return __real_crypto_pwhash(key, key_size, text, text_size, salt, passes, used, algorithm);
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

}  // extern "C"
