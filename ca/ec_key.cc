// SPDX-License-Identifier: Apache-2.0
//
// EC_KEY is deprecated in OpenSSL 3 and present in all of 3.x. With a provider key X509_set_pubkey
// would encode and decode the key anew for every certificate, which is four times the cost of the
// rest of a mint.
// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's name
#define OPENSSL_SUPPRESS_DEPRECATED

#include "ca/ec_key.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "ca/crypto_start.h"

namespace keyswap::ca {

namespace {

// PrivateKeyInfo { 0, { id-ecPublicKey, prime256v1 }, ECPrivateKey { 1, <32 bytes>, [1] <65 bytes>
// } }: with every length fixed, so are all bytes but those of the two keys.
constexpr std::array<std::uint8_t, 36> kBeforePrivate = {
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
constexpr std::array<std::uint8_t, 5> kBeforePublic = {0xa1, 0x44, 0x03, 0x42, 0x00};
constexpr std::size_t kPrivateBytes = 32;
constexpr std::size_t kPublicBytes = 65;  // 04 x y
constexpr std::size_t kPrivateAt = kBeforePrivate.size();
constexpr std::size_t kMiddleAt = kPrivateAt + kPrivateBytes;
constexpr std::size_t kPublicAt = kMiddleAt + kBeforePublic.size();
constexpr std::size_t kTotalBytes = kPublicAt + kPublicBytes;

struct FreeEc {
  void operator()(EC_KEY* key) const { EC_KEY_free(key); }

  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};

using EcPointer = std::unique_ptr<EC_KEY, FreeEc>;
using NumberPointer = std::unique_ptr<BIGNUM, FreeEc>;

base::Error out_of_order() {
  ERR_clear_error();
  return {base::Errc::unavailable, "OpenSSL could not make a P-256 key"};
}

base::Error damaged() {
  ERR_clear_error();
  return {base::Errc::corrupt, "the stored private key is not a P-256 key of ours"};
}

KeyPointer wrap(EcPointer ec) {
  KeyPointer key(EVP_PKEY_new());
  if (key == nullptr || EVP_PKEY_assign_EC_KEY(key.get(), ec.get()) != 1) {
    return nullptr;
  }
  static_cast<void>(ec.release());  // the EVP_PKEY owns it now
  return key;
}

bool is_same(const std::uint8_t* bytes, const void* expected, std::size_t size) {
  return std::memcmp(bytes, expected, size) == 0;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

base::Result<KeyPointer> generate_p256() {
  KS_TRY(start_crypto());
  EcPointer ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  if (ec == nullptr || EC_KEY_generate_key(ec.get()) != 1) {
    return out_of_order();
  }
  KeyPointer key = wrap(std::move(ec));
  if (key == nullptr) {
    return out_of_order();
  }
  return key;
}

base::Result<vault::Secret> encode_pkcs8(evp_pkey_st* key) {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  auto memory = vault::LockedBytes::of_size(kTotalBytes);
  if (!memory) {
    return memory.error();
  }
  auto* out = reinterpret_cast<std::uint8_t*>(memory->data());
  std::memcpy(out, kBeforePrivate.data(), kBeforePrivate.size());
  std::memcpy(out + kMiddleAt, kBeforePublic.data(), kBeforePublic.size());
  const bool is_written =
      ec != nullptr &&
      BN_bn2binpad(EC_KEY_get0_private_key(ec),
                   out + kPrivateAt,
                   static_cast<int>(kPrivateBytes)) == static_cast<int>(kPrivateBytes) &&
      EC_POINT_point2oct(EC_KEY_get0_group(ec),
                         EC_KEY_get0_public_key(ec),
                         POINT_CONVERSION_UNCOMPRESSED,
                         out + kPublicAt,
                         kPublicBytes,
                         nullptr) == kPublicBytes;
  if (!is_written) {
    return out_of_order();
  }
  return vault::Secret::adopt(std::move(*memory), kTotalBytes);
}

base::Result<KeyPointer> decode_pkcs8(std::string_view der) {
  KS_TRY(start_crypto());
  const auto* in = reinterpret_cast<const std::uint8_t*>(der.data());
  if (der.size() != kTotalBytes || !is_same(in, kBeforePrivate.data(), kBeforePrivate.size()) ||
      !is_same(in + kMiddleAt, kBeforePublic.data(), kBeforePublic.size())) {
    return damaged();
  }
  EcPointer ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  NumberPointer number(BN_secure_new());
  if (ec == nullptr || number == nullptr ||
      BN_bin2bn(in + kPrivateAt, static_cast<int>(kPrivateBytes), number.get()) == nullptr ||
      EC_KEY_set_private_key(ec.get(), number.get()) != 1 ||
      EC_KEY_oct2key(ec.get(), in + kPublicAt, kPublicBytes, nullptr) != 1 ||
      EC_KEY_check_key(ec.get()) != 1) {
    return damaged();
  }
  KeyPointer key = wrap(std::move(ec));
  if (key == nullptr) {
    return damaged();
  }
  return key;
}

}  // namespace keyswap::ca
