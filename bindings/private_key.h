// SPDX-License-Identifier: Apache-2.0
//
// A private key that signs requests, from its PKCS#8 DER.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::bindings {

// Immutable; thread-safe to use.
class PrivateKey {
 public:
  enum class Kind : std::uint8_t { rsa, ed25519, ec };

  // invalid_input for what is no PKCS#8; unsupported for another kind of key.
  static base::Result<PrivateKey> from_der(std::string_view pkcs8_der);

  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  ~PrivateKey();

  [[nodiscard]] Kind kind() const;

  // Raw signatures; unsupported for a key of another kind.
  [[nodiscard]] base::Result<std::string> sign_sha256_rsa_pkcs1(std::string_view message) const;
  [[nodiscard]] base::Result<std::string> sign_ed25519(std::string_view message) const;

 private:
  struct Parts;
  explicit PrivateKey(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace keyswap::bindings
