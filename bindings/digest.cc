// SPDX-License-Identifier: Apache-2.0
//
// HMAC_CTX is deprecated in OpenSSL 3 and present in all of 3.x. It is used because the one-shot
// HMAC() and the EVP_MAC that replaces it look the hash up by name each time, under a lock.
// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's name
#define OPENSSL_SUPPRESS_DEPRECATED

#include "bindings/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

base::Error hash_failed() {
  return {base::Errc::unavailable, "the hash function failed"};
}

base::Error hmac_failed() {
  return {base::Errc::unavailable, "the HMAC function failed"};
}

// Looked up once in the life of the process. What EVP_sha256() gives would be looked up anew with
// every use: several times the cost of hashing a short text.
const EVP_MD* method_of(HashKind kind) {
  static const std::array<const EVP_MD*, 4> methods = {EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                       EVP_MD_fetch(nullptr, "SHA256", nullptr),
                                                       EVP_MD_fetch(nullptr, "SHA384", nullptr),
                                                       EVP_MD_fetch(nullptr, "SHA512", nullptr)};
  return methods.at(static_cast<std::size_t>(kind));
}

}  // namespace

Digest::~Digest() {
  base::wipe(bytes_.data(), bytes_.size());
}

base::Status Digest::hash(HashKind kind, std::string_view text) {
  const EVP_MD* method = method_of(kind);
  unsigned size = 0;
  if (method == nullptr ||
      EVP_Digest(text.data(), text.size(), bytes_.data(), &size, method, nullptr) != 1) {
    return hash_failed();
  }
  size_ = size;
  return {};
}

base::Status Digest::hmac(HashKind kind, std::string_view key, std::string_view message) {
  Hmac hmac;
  KS_TRY(hmac.begin(kind, key));
  KS_TRY(hmac.add(message));
  return hmac.finish(*this);
}

void Hmac::Free::operator()(hmac_ctx_st* context) const {
  HMAC_CTX_free(context);
}

base::Status Hmac::begin(HashKind kind, std::string_view key) {
  const EVP_MD* method = method_of(kind);
  context_.reset(HMAC_CTX_new());
  // A null key would mean "the one before".
  const char* bytes = key.empty() ? "" : key.data();
  if (method == nullptr || context_ == nullptr ||
      HMAC_Init_ex(context_.get(), bytes, static_cast<int>(key.size()), method, nullptr) != 1) {
    return hmac_failed();
  }
  return {};
}

base::Status Hmac::add(std::string_view piece) {
  KS_ASSERT(context_ != nullptr);
  if (HMAC_Update(context_.get(),
                  reinterpret_cast<const unsigned char*>(piece.data()),
                  piece.size()) != 1) {
    return hmac_failed();
  }
  return {};
}

base::Status Hmac::finish(Digest& out) {
  KS_ASSERT(context_ != nullptr);
  unsigned size = 0;
  if (HMAC_Final(context_.get(), out.bytes_.data(), &size) != 1) {
    return hmac_failed();
  }
  out.size_ = size;
  return {};
}

void Hasher::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

base::Status Hasher::begin(HashKind kind) {
  const EVP_MD* method = method_of(kind);
  context_.reset(EVP_MD_CTX_new());
  if (method == nullptr || context_ == nullptr ||
      EVP_DigestInit_ex(context_.get(), method, nullptr) != 1) {
    return hash_failed();
  }
  return {};
}

bool Hasher::append(std::string_view piece) {
  KS_ASSERT(context_ != nullptr);
  return EVP_DigestUpdate(context_.get(), piece.data(), piece.size()) == 1;
}

base::Status Hasher::finish(Digest& out) {
  KS_ASSERT(context_ != nullptr);
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_.get(), out.bytes_.data(), &size) != 1) {
    return hash_failed();
  }
  out.size_ = size;
  return {};
}

std::string sha256_hex(std::string_view bytes) {
  Digest digest;
  const auto hashed = digest.hash(HashKind::sha256, bytes);
  KS_ASSERT(hashed.has_value());
  return base::to_hex(digest.view());
}

}  // namespace keyswap::bindings
