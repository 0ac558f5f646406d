// SPDX-License-Identifier: Apache-2.0
#include "vault/signing_key.h"

#include <sodium.h>

#include "proxy/base/bytes.h"

namespace keyswap::vault {

namespace {

static_assert(crypto_sign_SEEDBYTES == 32 && crypto_sign_PUBLICKEYBYTES == 32 &&
              crypto_sign_BYTES == 64);

}  // namespace

base::Result<Secret> make_signing_seed() {
  auto seed = LockedBytes::of_size(crypto_sign_SEEDBYTES);
  if (!seed) {
    return seed.error();
  }
  randombytes_buf(seed->data(), seed->size());
  return Secret::adopt(std::move(*seed), crypto_sign_SEEDBYTES);
}

base::Result<SigningKey> SigningKey::of(const Secret& seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return base::Error{base::Errc::invalid_input, "a signing seed is 32 bytes"};
  }
  auto secret_key = LockedBytes::of_size(crypto_sign_SECRETKEYBYTES);
  if (!secret_key) {
    return secret_key.error();
  }
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
  crypto_sign_seed_keypair(public_key.data(),
                           base::as_unsigned(secret_key->data()),
                           base::as_unsigned(seed.reveal().data()));
  return SigningKey(public_key, std::move(*secret_key));
}

std::array<std::uint8_t, 64> SigningKey::sign(std::string_view message) const {
  std::array<std::uint8_t, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(),
                       nullptr,
                       base::as_unsigned(message.data()),
                       message.size(),
                       base::as_unsigned(secret_key_.data()));
  return signature;
}

}  // namespace keyswap::vault
