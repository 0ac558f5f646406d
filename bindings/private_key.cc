// SPDX-License-Identifier: Apache-2.0
#include "bindings/private_key.h"

#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace keyswap::bindings {

namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

base::Result<std::string> sign_with(EVP_PKEY* key, const EVP_MD* hash, std::string_view message) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  std::size_t size = 0;
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()) != 1) {
    return base::Error{base::Errc::unavailable, "the private key cannot sign"};
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(),
                     reinterpret_cast<unsigned char*>(signature.data()),
                     &size,
                     bytes,
                     message.size()) != 1) {
    return base::Error{base::Errc::unavailable, "the private key cannot sign"};
  }
  signature.resize(size);
  return signature;
}

}  // namespace

struct PrivateKey::Parts {
  std::unique_ptr<EVP_PKEY, FreeKey> key;
  Kind kind = Kind::rsa;
};

PrivateKey::PrivateKey(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

base::Result<PrivateKey> PrivateKey::from_der(std::string_view pkcs8_der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(pkcs8_der.data());
  auto parts = std::make_unique<Parts>();
  parts->key.reset(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(pkcs8_der.size())));
  if (parts->key == nullptr) {
    return base::Error{base::Errc::invalid_input, "this is no private key in PKCS#8 form"};
  }
  const int id = EVP_PKEY_get_base_id(parts->key.get());
  if (id != EVP_PKEY_RSA && id != EVP_PKEY_ED25519 && id != EVP_PKEY_EC) {
    return base::Error{base::Errc::unsupported, "a private key of a kind that does not sign here"};
  }
  parts->kind = id == EVP_PKEY_RSA ? Kind::rsa : id == EVP_PKEY_ED25519 ? Kind::ed25519 : Kind::ec;
  return PrivateKey(std::move(parts));
}

PrivateKey::Kind PrivateKey::kind() const {
  return parts_->kind;
}

base::Result<std::string> PrivateKey::sign_sha256_rsa_pkcs1(std::string_view message) const {
  if (kind() != Kind::rsa) {
    return base::Error{base::Errc::unsupported, "the private key is no RSA key"};
  }
  return sign_with(parts_->key.get(), EVP_sha256(), message);
}

base::Result<std::string> PrivateKey::sign_ed25519(std::string_view message) const {
  if (kind() != Kind::ed25519) {
    return base::Error{base::Errc::unsupported, "the private key is no Ed25519 key"};
  }
  return sign_with(parts_->key.get(), nullptr, message);
}

}  // namespace keyswap::bindings
