// SPDX-License-Identifier: Apache-2.0
#include "bindings/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

const EVP_MD* method_of(HashKind kind) {
  switch (kind) {
    case HashKind::sha1:
      return EVP_sha1();
    case HashKind::sha256:
      return EVP_sha256();
    case HashKind::sha384:
      return EVP_sha384();
    case HashKind::sha512:
      return EVP_sha512();
  }
  KS_UNREACHABLE();
}

}  // namespace

Digest::~Digest() {
  base::wipe(bytes_.data(), bytes_.size());
}

base::Status Digest::hash(HashKind kind, std::string_view text) {
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes_.data(), &size, method_of(kind), nullptr) != 1) {
    return base::Error{base::Errc::unavailable, "the hash function failed"};
  }
  size_ = size;
  return {};
}

base::Status Digest::hmac(HashKind kind, std::string_view key, std::string_view message) {
  unsigned size = 0;
  if (HMAC(method_of(kind),
           key.data(),
           static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()),
           message.size(),
           bytes_.data(),
           &size) == nullptr) {
    return base::Error{base::Errc::unavailable, "the HMAC function failed"};
  }
  size_ = size;
  return {};
}

std::string sha256_hex(std::string_view bytes) {
  Digest digest;
  const auto hashed = digest.hash(HashKind::sha256, bytes);
  KS_ASSERT(hashed.has_value());
  return base::to_hex(digest.view());
}

}  // namespace keyswap::bindings
