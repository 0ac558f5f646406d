// SPDX-License-Identifier: Apache-2.0
#include "test/support/quick_kdf.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

#include <sodium.h>

namespace keyswap::test {

namespace {

std::atomic<int> real_ones = 0;
std::atomic<int> derived = 0;

// The vault of test/vectors/vault/v1.sql has been made at the real cost. This is its key;
// format_test derives it as its page says.
constexpr std::string_view kSamplePassphrase = "correct horse battery staple";
constexpr std::string_view kSampleSalt = "54e3dcb2ee207a731f8af082eea288ee";
constexpr std::string_view kSampleKey =
    "3274b8e1755c5d7e9656172a28f7d6ddd554f5aa1b70c0ebb3fccf8038baae10";
constexpr std::size_t kSampleMemoryBytes = 256UL * 1024 * 1024;
constexpr unsigned long long kSamplePasses = 3;

bool is_sample_salt(const unsigned char* salt) {
  std::array<char, 2 * crypto_pwhash_SALTBYTES + 1> text{};
  sodium_bin2hex(text.data(), text.size(), salt, crypto_pwhash_SALTBYTES);
  return text.data() == kSampleSalt;
}

}  // namespace

RealKdf::RealKdf() {
  ++real_ones;
}

RealKdf::~RealKdf() {
  --real_ones;
}

int derived_keys() {
  return derived;
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
  namespace test = keyswap::test;
  ++test::derived;
  if (test::real_ones > 0) {
    return __real_crypto_pwhash(
        key, key_size, text, text_size, salt, passes, memory_bytes, algorithm);
  }
  if (std::string_view(text, text_size) == test::kSamplePassphrase &&
      memory_bytes == test::kSampleMemoryBytes && passes == test::kSamplePasses &&
      test::is_sample_salt(salt)) {
    return sodium_hex2bin(
        key, key_size, test::kSampleKey.data(), test::kSampleKey.size(), nullptr, nullptr, nullptr);
  }
  constexpr std::size_t kLess = 1024;
  const std::size_t used = std::max<std::size_t>(memory_bytes / kLess, crypto_pwhash_MEMLIMIT_MIN);
  return __real_crypto_pwhash(key, key_size, text, text_size, salt, passes, used, algorithm);
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

}  // extern "C"
