// SPDX-License-Identifier: Apache-2.0
#include "vault/signing_key.h"

#include <sodium.h>

namespace keyswap::vault {

namespace {

static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_PUBLICKEYBYTES == 32 &&
              crypto_sign_BYTES == 64);

unsigned char* as_unsigned(char* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

const unsigned char* as_unsigned(const char* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

struct KeyPair {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
  LockedBytes secret_key;
};

base::Result<KeyPair> key_pair_of(const Secret& seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return base::Error{base::Errc::invalid_input, "a signing seed is 32 bytes"};
  }
  auto secret_key = LockedBytes::of_size(crypto_sign_SECRETKEYBYTES);
  if (!secret_key) {
    return secret_key.error();
  }
  KeyPair pair;
  pair.secret_key = std::move(*secret_key);
  crypto_sign_seed_keypair(pair.public_key.data(),
                           as_unsigned(pair.secret_key.data()),
                           as_unsigned(seed.reveal().data()));
  return pair;
}

}  // namespace

base::Result<Secret> make_signing_seed() {
  auto seed = LockedBytes::of_size(crypto_sign_SEEDBYTES);
  if (!seed) {
    return seed.error();
  }
  randombytes_buf(seed->data(), seed->size());
  return Secret::adopt(std::move(*seed), crypto_sign_SEEDBYTES);
}

base::Result<std::array<std::uint8_t, 32>> public_key_of(const Secret& seed) {
  const auto pair = key_pair_of(seed);
  if (!pair) {
    return pair.error();
  }
  return pair->public_key;
}

base::Result<std::array<std::uint8_t, 64>> sign(const Secret& seed, std::string_view message) {
  const auto pair = key_pair_of(seed);
  if (!pair) {
    return pair.error();
  }
  std::array<std::uint8_t, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(),
                       nullptr,
                       as_unsigned(message.data()),
                       message.size(),
                       as_unsigned(pair->secret_key.data()));
  return signature;
}

}  // namespace keyswap::vault
