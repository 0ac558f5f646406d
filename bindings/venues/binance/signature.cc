// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/signature.h"

#include "bindings/digest.h"
#include "bindings/private_key.h"
#include "bindings/venues/binance/parameters.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::binance {

namespace {

base::Result<std::string> hmac_signature(std::string_view secret, std::string_view payload) {
  if (secret.empty()) {
    return base::Error{base::Errc::invalid_input, "the secret is empty"};
  }
  Digest digest;
  KS_TRY(digest.hmac(HashKind::sha256, secret, payload));
  return base::to_hex(digest.view());
}

base::Result<std::string> key_signature(KeyType type,
                                        std::string_view der,
                                        std::string_view payload) {
  const auto key = PrivateKey::from_der(der);
  if (!key) {
    return key.error();
  }
  const auto wanted = type == KeyType::rsa ? PrivateKey::Kind::rsa : PrivateKey::Kind::ed25519;
  if (key->kind() != wanted) {
    return base::Error{base::Errc::invalid_input, "the private key is not of the type in key_type"};
  }
  const auto signature =
      type == KeyType::rsa ? key->sign_sha256_rsa_pkcs1(payload) : key->sign_ed25519(payload);
  if (!signature) {
    return signature.error();
  }
  return base::to_base64(*signature);
}

}  // namespace

base::Result<std::string> text_signature(KeyType type,
                                         std::string_view secret,
                                         std::string_view payload) {
  return type == KeyType::hmac ? hmac_signature(secret, payload)
                               : key_signature(type, secret, payload);
}

base::Result<std::string> wire_signature(KeyType type,
                                         std::string_view secret,
                                         std::string_view payload) {
  const auto signature = text_signature(type, secret, payload);
  if (!signature) {
    return signature.error();
  }
  return encode_uri_component(*signature);
}

}  // namespace keyswap::bindings::binance
