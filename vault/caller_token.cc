// SPDX-License-Identifier: Apache-2.0
#include "vault/caller_token.h"

#include <algorithm>
#include <array>

#include <sodium.h>

#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "vault/secret_name.h"

namespace keyswap::vault {

namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kRandomTextBytes = 43;  // of them in base64url

}  // namespace

bool is_caller_name(std::string_view text) {
  return text.size() <= base::bounds::kCallerNameBytesMax && SecretName::parse(text).has_value();
}

std::string caller_entry(std::string_view name) {
  return std::string(kCallerEntryPrefix).append(name);
}

std::string make_caller_token(std::string_view name) {
  std::array<std::uint8_t, kRandomBytes> random{};
  base::random_bytes(random);
  std::string token(kCallerTokenPrefix);
  token.append(name).append(".");
  token += base::to_base64url({reinterpret_cast<const char*>(random.data()), random.size()});
  base::wipe(random.data(), random.size());
  return token;
}

std::optional<std::string_view> caller_of_token(std::string_view token) {
  // The random part holds no '.', so the last one ends the name.
  const auto dot = token.rfind('.');
  if (!token.starts_with(kCallerTokenPrefix) || dot == std::string_view::npos ||
      dot < kCallerTokenPrefix.size()) {
    return std::nullopt;
  }
  const auto name = token.substr(kCallerTokenPrefix.size(), dot - kCallerTokenPrefix.size());
  const auto random = token.substr(dot + 1);
  const bool is_token =
      is_caller_name(name) && random.size() == kRandomTextBytes && base::is_base64url(random);
  return is_token ? std::optional(name) : std::nullopt;
}

std::string caller_token_digest(std::string_view token) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(token.data()),
                     token.size());
  return digest;
}

}  // namespace keyswap::vault
