// SPDX-License-Identifier: Apache-2.0
//
// RSA and EC_KEY are deprecated in OpenSSL 3 and present in all of 3.x. They take the numbers as
// they are; the new interface would have them copied into parameters and out again.
// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's name
#define OPENSSL_SUPPRESS_DEPRECATED

#include "bindings/private_key.h"

#include <array>
#include <utility>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#include "bindings/bounds.h"
#include "bindings/digest.h"
#include "bindings/private_key_der.h"
#include "vault/signing_key.h"

namespace keyswap::bindings {

namespace {

using base::Errc;
using base::Error;
using base::Result;
using base::Status;

struct Free {
  void operator()(RSA* key) const { RSA_free(key); }

  void operator()(EC_KEY* key) const { EC_KEY_free(key); }

  void operator()(EC_POINT* point) const { EC_POINT_free(point); }

  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};

using RsaPointer = std::unique_ptr<RSA, Free>;
using EcPointer = std::unique_ptr<EC_KEY, Free>;
using PointPointer = std::unique_ptr<EC_POINT, Free>;
using NumberPointer = std::unique_ptr<BIGNUM, Free>;

const unsigned char* as_unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Error out_of_order() {
  ERR_clear_error();
  return {Errc::unavailable, "OpenSSL could not take the private key"};
}

Error other_kind() {
  return {Errc::unsupported, "the private key is of another kind than this signature needs"};
}

Error does_not_fit() {
  ERR_clear_error();
  return {Errc::invalid_input, "the numbers of the private key do not belong together"};
}

// In OpenSSL's locked heap once libcrypto was started with it; wiped in any case.
NumberPointer number_of(std::string_view bytes) {
  NumberPointer number(BN_secure_new());
  if (number != nullptr &&
      BN_bin2bn(as_unsigned(bytes), static_cast<int>(bytes.size()), number.get()) == nullptr) {
    number.reset();
  }
  return number;
}

// --- RSA ---

bool set_numbers(RSA* key, const RsaNumbers& numbers) {
  std::array<NumberPointer, 8> all = {number_of(numbers.modulus),
                                      number_of(numbers.public_exponent),
                                      number_of(numbers.private_exponent),
                                      number_of(numbers.prime1),
                                      number_of(numbers.prime2),
                                      number_of(numbers.exponent1),
                                      number_of(numbers.exponent2),
                                      number_of(numbers.coefficient)};
  for (const auto& number : all) {
    if (number == nullptr) {
      return false;
    }
  }
  // Each of these takes its numbers over, all or none.
  if (RSA_set0_key(key, all[0].get(), all[1].get(), all[2].get()) != 1) {
    return false;
  }
  static_cast<void>(all[0].release());
  static_cast<void>(all[1].release());
  static_cast<void>(all[2].release());
  if (RSA_set0_factors(key, all[3].get(), all[4].get()) != 1) {
    return false;
  }
  static_cast<void>(all[3].release());
  static_cast<void>(all[4].release());
  if (RSA_set0_crt_params(key, all[5].get(), all[6].get(), all[7].get()) != 1) {
    return false;
  }
  static_cast<void>(all[5].release());
  static_cast<void>(all[6].release());
  static_cast<void>(all[7].release());
  return true;
}

Result<RsaPointer> make_rsa(const RsaNumbers& numbers) {
  RsaPointer key(RSA_new());
  if (key == nullptr || !set_numbers(key.get(), numbers)) {
    return out_of_order();
  }
  const auto bits = static_cast<std::size_t>(RSA_bits(key.get()));
  if (bits < bounds::kRsaBitsMin || bits > bounds::kRsaBitsMax) {
    return Error{Errc::unsupported, "an RSA key has 2048 to 8192 bits"};
  }
  return key;
}

// --- on a curve ---

int curve_id(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return NID_X9_62_prime256v1;
    case Curve::p384:
      return NID_secp384r1;
    case Curve::p521:
      return NID_secp521r1;
  }
  KS_UNREACHABLE();
}

// Is the number one for the curve, and the point, if it is given, the number's?
Status check_ec(const EcNumbers& numbers) {
  const EcPointer key(EC_KEY_new_by_curve_name(curve_id(numbers.curve)));
  const auto number = number_of(numbers.number);
  if (key == nullptr || number == nullptr) {
    return out_of_order();
  }
  const EC_GROUP* group = EC_KEY_get0_group(key.get());
  const PointPointer point(EC_POINT_new(group));
  if (point == nullptr || EC_KEY_set_private_key(key.get(), number.get()) != 1 ||
      EC_POINT_mul(group, point.get(), number.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_KEY_set_public_key(key.get(), point.get()) != 1 || EC_KEY_check_key(key.get()) != 1) {
    return does_not_fit();
  }
  if (numbers.point.empty()) {
    return {};
  }
  const PointPointer given(EC_POINT_new(group));
  if (given == nullptr ||
      EC_POINT_oct2point(
          group, given.get(), as_unsigned(numbers.point), numbers.point.size(), nullptr) != 1 ||
      EC_POINT_cmp(group, given.get(), point.get(), nullptr) != 0) {
    return does_not_fit();
  }
  return {};
}

}  // namespace

struct PrivateKey::Parts {
  Kind kind = Kind::ec;
  vault::Secret der;
  RsaPointer rsa;      // of Kind::rsa
  vault::Secret seed;  // of Kind::ed25519
};

PrivateKey::PrivateKey(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

Result<PrivateKey> PrivateKey::from_der(std::string_view pkcs8_der) {
  const auto numbers = read_pkcs8(pkcs8_der);
  if (!numbers) {
    return numbers.error();
  }
  auto der = vault::Secret::copy_of(pkcs8_der);
  if (!der) {
    return der.error();
  }
  auto parts = std::make_unique<Parts>();
  parts->der = std::move(*der);
  if (const auto* const rsa = std::get_if<RsaNumbers>(&*numbers)) {
    auto key = make_rsa(*rsa);
    if (!key) {
      return key.error();
    }
    parts->kind = Kind::rsa;
    parts->rsa = std::move(*key);
  } else if (const auto* const seed = std::get_if<Ed25519Seed>(&*numbers)) {
    auto copy = vault::Secret::copy_of(seed->bytes);
    if (!copy) {
      return copy.error();
    }
    parts->kind = Kind::ed25519;
    parts->seed = std::move(*copy);
  }
  return PrivateKey(std::move(parts));
}

Result<PrivateKey> PrivateKey::from_text(std::string_view pem_or_base64_der) {
  const auto der = pkcs8_of_text(pem_or_base64_der);
  if (!der) {
    return der.error();
  }
  auto key = from_der(der->reveal());
  if (!key) {
    return key;
  }
  if (key->kind() == Kind::rsa && RSA_check_key(key->parts_->rsa.get()) != 1) {
    return does_not_fit();
  }
  const auto numbers = read_pkcs8(der->reveal());
  const auto* const ec = numbers ? std::get_if<EcNumbers>(&*numbers) : nullptr;
  if (ec != nullptr) {
    KS_TRY(check_ec(*ec));
  }
  return key;
}

PrivateKey::Kind PrivateKey::kind() const {
  return parts_->kind;
}

Result<std::string> PrivateKey::sign_sha256_rsa_pkcs1(std::string_view message) const {
  if (parts_->kind != Kind::rsa) {
    return other_kind();
  }
  Digest digest;
  KS_TRY(digest.hash(HashKind::sha256, message));
  std::string signature(static_cast<std::size_t>(RSA_size(parts_->rsa.get())), '\0');
  unsigned size = 0;
  if (RSA_sign(NID_sha256,
               as_unsigned(digest.view()),
               static_cast<unsigned>(digest.view().size()),
               reinterpret_cast<unsigned char*>(signature.data()),
               &size,
               parts_->rsa.get()) != 1 ||
      size != signature.size()) {
    ERR_clear_error();
    return Error{Errc::invalid_input, "the private key does not sign"};
  }
  return signature;
}

Result<std::string> PrivateKey::sign_ed25519(std::string_view message) const {
  if (parts_->kind != Kind::ed25519) {
    return other_kind();
  }
  const auto key = vault::SigningKey::of(parts_->seed);
  if (!key) {
    return key.error();
  }
  const auto signature = key->sign(message);
  return std::string(signature.begin(), signature.end());
}

Status PrivateKey::write_der(base::ByteSink& out) const {
  if (!out.append(parts_->der.reveal())) {
    return Error{Errc::limit_exceeded, "no room for the private key"};
  }
  return {};
}

}  // namespace keyswap::bindings
