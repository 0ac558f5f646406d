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
#include <openssl/x509.h>

#include "bindings/bounds.h"
#include "bindings/digest.h"
#include "bindings/private_key_der.h"
#include "proxy/base/bytes.h"
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

  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

using RsaPointer = std::unique_ptr<RSA, Free>;
using EcPointer = std::unique_ptr<EC_KEY, Free>;
using PointPointer = std::unique_ptr<EC_POINT, Free>;
using NumberPointer = std::unique_ptr<BIGNUM, Free>;
using SignaturePointer = std::unique_ptr<ECDSA_SIG, Free>;

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
      BN_bin2bn(base::as_unsigned(bytes), static_cast<int>(bytes.size()), number.get()) ==
          nullptr) {
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

// Without its point, which signing does not need.
Result<EcPointer> make_ec(const EcNumbers& numbers) {
  EcPointer key(EC_KEY_new_by_curve_name(curve_id(numbers.curve)));
  const auto number = number_of(numbers.number);
  if (key == nullptr || number == nullptr || EC_KEY_set_private_key(key.get(), number.get()) != 1) {
    return out_of_order();
  }
  return key;
}

// The point that belongs to the key's number, or null.
PointPointer point_of(const EC_KEY* key) {
  const EC_GROUP* group = EC_KEY_get0_group(key);
  PointPointer point(EC_POINT_new(group));
  if (point != nullptr &&
      EC_POINT_mul(group, point.get(), EC_KEY_get0_private_key(key), nullptr, nullptr, nullptr) !=
          1) {
    point.reset();
  }
  return point;
}

// Is the number one for the curve, and the point, if it is given, the number's?
Status check_ec(const EcNumbers& numbers) {
  const auto key = make_ec(numbers);
  if (!key) {
    return key.error();
  }
  const EC_GROUP* group = EC_KEY_get0_group(key->get());
  const auto point = point_of(key->get());
  if (point == nullptr || EC_KEY_set_public_key(key->get(), point.get()) != 1 ||
      EC_KEY_check_key(key->get()) != 1) {
    return does_not_fit();
  }
  if (numbers.point.empty()) {
    return {};
  }
  const PointPointer given(EC_POINT_new(group));
  if (given == nullptr ||
      EC_POINT_oct2point(
          group, given.get(), base::as_unsigned(numbers.point), numbers.point.size(), nullptr) !=
          1 ||
      EC_POINT_cmp(group, given.get(), point.get(), nullptr) != 0) {
    return does_not_fit();
  }
  return {};
}

// --- the public half ---

// RFC 8410 section 4: what stands before the 32 bytes of the key.
constexpr std::string_view kEd25519PublicHead("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
                                              12);

// Of one of OpenSSL's writers, which says the length first.
template <typename Key>
Result<std::string> written(const Key* key, int (*write)(const Key*, unsigned char**)) {
  const int size = write(key, nullptr);
  std::string der(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  if (size <= 0 || write(key, &at) != size) {
    return out_of_order();
  }
  return der;
}

// Of a key that has nothing but the point in it.
Result<std::string> public_der_of(const EC_KEY* key) {
  const auto point = point_of(key);
  const EcPointer half(EC_KEY_new_by_curve_name(EC_GROUP_get_curve_name(EC_KEY_get0_group(key))));
  if (point == nullptr || half == nullptr || EC_KEY_set_public_key(half.get(), point.get()) != 1) {
    return out_of_order();
  }
  return written<EC_KEY>(half.get(), i2d_EC_PUBKEY);
}

}  // namespace

struct PrivateKey::Parts {
  Kind kind = Kind::ec;
  vault::Secret der;
  RsaPointer rsa;      // of Kind::rsa
  EcPointer ec;        // of Kind::ec
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
  } else {
    auto key = make_ec(std::get<EcNumbers>(*numbers));
    if (!key) {
      return key.error();
    }
    parts->ec = std::move(*key);
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
               base::as_unsigned(digest.view()),
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

Result<std::string> PrivateKey::sign_es256(std::string_view message) const {
  constexpr int kNumberBytes = 32;
  if (parts_->kind != Kind::ec ||
      EC_GROUP_get_curve_name(EC_KEY_get0_group(parts_->ec.get())) != NID_X9_62_prime256v1) {
    return other_kind();
  }
  Digest digest;
  KS_TRY(digest.hash(HashKind::sha256, message));
  const SignaturePointer made(ECDSA_do_sign(
      base::as_unsigned(digest.view()), static_cast<int>(digest.view().size()), parts_->ec.get()));
  std::string signature(std::size_t{2} * kNumberBytes, '\0');
  auto* const bytes = reinterpret_cast<unsigned char*>(signature.data());
  if (made == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(made.get()), bytes, kNumberBytes) != kNumberBytes ||
      BN_bn2binpad(ECDSA_SIG_get0_s(made.get()), bytes + kNumberBytes, kNumberBytes) !=
          kNumberBytes) {
    ERR_clear_error();
    return Error{Errc::invalid_input, "the private key does not sign"};
  }
  return signature;
}

Result<std::string> PrivateKey::public_der() const {
  switch (parts_->kind) {
    case Kind::rsa:
      return written<RSA>(parts_->rsa.get(), i2d_RSA_PUBKEY);
    case Kind::ec:
      return public_der_of(parts_->ec.get());
    case Kind::ed25519:
      break;
  }
  const auto key = vault::SigningKey::of(parts_->seed);
  if (!key) {
    return key.error();
  }
  const auto& raw = key->public_key();
  std::string der(kEd25519PublicHead.size() + raw.size(), '\0');
  std::ranges::copy(raw, std::ranges::copy(kEd25519PublicHead, der.begin()).out);
  return der;
}

Status PrivateKey::write_der(base::ByteSink& out) const {
  if (!out.append(parts_->der.reveal())) {
    return Error{Errc::limit_exceeded, "no room for the private key"};
  }
  return {};
}

}  // namespace keyswap::bindings
