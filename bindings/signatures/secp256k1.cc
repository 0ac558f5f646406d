// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/secp256k1.h"

#include <array>
#include <cstdint>
#include <memory>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "proxy/base/bytes.h"
#include "vault/secret.h"

namespace keyswap::bindings::secp256k1 {

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::string_view kPrefix = "0x";

struct Free {
  void operator()(secp256k1_context* context) const { secp256k1_context_destroy(context); }
};

// Made once in the life of the process, blinded, and not changed any more: any thread may use it.
const secp256k1_context* context() {
  static const auto made = [] {
    std::unique_ptr<secp256k1_context, Free> fresh(
        secp256k1_context_create(SECP256K1_CONTEXT_SIGN));
    std::array<std::uint8_t, kKeyBytes> seed{};
    base::random_bytes(seed);
    KS_ASSERT(secp256k1_context_randomize(fresh.get(), seed.data()) == 1);
    base::wipe(seed.data(), seed.size());
    return fresh;
  }();
  return made.get();
}

base::Error no_key() {
  return {base::Errc::invalid_input, "the wallet's key is not 32 bytes in hexadecimal"};
}

}  // namespace

base::Result<Signature> sign(std::string_view key, std::string_view hash) {
  KS_ASSERT(hash.size() == kKeyBytes);
  key.remove_prefix(key.starts_with(kPrefix) ? kPrefix.size() : 0);
  auto bytes = vault::LockedBytes::of_size(kKeyBytes);
  if (!bytes) {
    return bytes.error();
  }
  const auto size = base::decode_hex(key, {bytes->data(), bytes->size()});
  if (!size || *size != kKeyBytes) {
    return no_key();
  }
  secp256k1_ecdsa_recoverable_signature made;
  if (secp256k1_ecdsa_sign_recoverable(context(),
                                       &made,
                                       base::as_unsigned(hash),
                                       base::as_unsigned({bytes->data(), bytes->size()}),
                                       secp256k1_nonce_function_rfc6979,
                                       nullptr) != 1) {
    return no_key();  // zero, or not below the curve's order
  }
  std::array<unsigned char, kSignatureBytes> both{};
  Signature signature;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(
      context(), both.data(), &signature.recovery, &made);
  const std::string_view text(reinterpret_cast<const char*>(both.data()), both.size());
  signature.r = text.substr(0, kKeyBytes);
  signature.s = text.substr(kKeyBytes);
  return signature;
}

}  // namespace keyswap::bindings::secp256k1
