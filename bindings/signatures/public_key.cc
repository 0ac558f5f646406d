// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/public_key.h"

#include <array>
#include <optional>
#include <string>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bindings/bounds.h"
#include "bindings/key_text.h"
#include "bindings/signatures/ecdsa_der.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

using ContextPointer = std::unique_ptr<EVP_MD_CTX, Free>;

Error not_a_key() {
  ERR_clear_error();
  return {Errc::invalid_input, "this is no public key: neither PEM nor the base64 of its DER"};
}

std::string without_space(std::string_view text) {
  std::string kept(text.size(), '\0');
  kept.resize(write_without_space(text, kept));
  return kept;
}

// What stands between the lines of the only PEM block, or the text itself.
std::optional<std::string_view> base64_in(std::string_view text) {
  const auto begin = text.find(kBegin);
  if (begin == std::string_view::npos) {
    return text;
  }
  const auto rest = text.substr(begin + kBegin.size());
  const auto end = rest.find(kEnd);
  const bool is_alone = end != std::string_view::npos &&
                        without_space(text.substr(0, begin)).empty() &&
                        without_space(rest.substr(end + kEnd.size())).empty();
  return is_alone ? std::optional(rest.substr(0, end)) : std::nullopt;
}

bool is_on_p256(const EVP_PKEY* key) {
  std::array<char, 32> name{};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == "prime256v1";
}

// Nothing: there is no signature of that kind here.
std::optional<PublicKey::Kind> kind_of(const EVP_PKEY* key) {
  const auto bits = static_cast<std::size_t>(EVP_PKEY_get_bits(key));
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return bits >= bounds::kRsaBitsMin && bits <= bounds::kRsaBitsMax
                 ? std::optional(PublicKey::Kind::rsa)
                 : std::nullopt;
    case EVP_PKEY_ED25519:
      return PublicKey::Kind::ed25519;
    case EVP_PKEY_EC:
      return is_on_p256(key) ? std::optional(PublicKey::Kind::p256) : std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

void PublicKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<PublicKey> PublicKey::from_text(std::string_view pem_or_base64_der) {
  const auto base64 = base64_in(pem_or_base64_der);
  const auto der = base::from_base64(without_space(base64.value_or("")));
  return der ? from_der(*der) : not_a_key();
}

Result<PublicKey> PublicKey::from_der(std::string_view der) {
  const auto* at = base::as_unsigned(der);
  Pointer key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key == nullptr || at != base::as_unsigned(der) + der.size()) {
    return not_a_key();
  }
  const auto kind = kind_of(key.get());
  if (!kind) {
    return Error{Errc::unsupported,
                 "a public key of another kind than RSA (2048 to 8192 bits), Ed25519 and P-256"};
  }
  return PublicKey(std::move(key), *kind);
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  const bool is_ecdsa = kind_ == Kind::p256;
  const auto der = is_ecdsa ? ecdsa::der_of(signature) : std::string();
  const auto checked = is_ecdsa ? std::string_view(der) : signature;
  const ContextPointer context(EVP_MD_CTX_new());
  const auto* const hash = kind_ == Kind::ed25519 ? nullptr : EVP_sha256();
  const bool is_right =
      !checked.empty() && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(),
                       base::as_unsigned(checked),
                       checked.size(),
                       base::as_unsigned(message),
                       message.size()) == 1;
  ERR_clear_error();
  return is_right;
}

}  // namespace keyswap::bindings
