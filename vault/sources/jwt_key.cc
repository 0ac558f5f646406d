// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/jwt_key.h"

#include <utility>

#include "bindings/private_key.h"
#include "vault/sources/backend_parts.h"

namespace keyswap::vault {

namespace {

base::Result<bindings::PrivateKey> key_of(std::string_view text) {
  auto key = bindings::PrivateKey::from_der(text);
  return key ? std::move(key) : bindings::PrivateKey::from_text(text);
}

bool is_no_room(const base::Error& error) {
  return error.code == base::Errc::unavailable;
}

}  // namespace

std::variant<Secret, Failed> signed_token(bindings::jwt::Algorithm algorithm,
                                          std::string_view header,
                                          std::string_view claims,
                                          const Secret& key) {
  const auto read = key_of(key.reveal());
  if (!read) {
    return is_no_room(read.error()) ? fail_of(read.error())
                                    : fail(FetchFault::auth_lost, "signing_key_unusable");
  }
  auto token = bindings::jwt::sign(algorithm, header, claims, *read);
  if (!token) {
    return is_no_room(token.error()) ? fail_of(token.error())
                                     : fail(FetchFault::auth_lost, "signing_key_unusable");
  }
  return std::move(*token);
}

const char* check_jwt_algorithm(std::string_view text) {
  return bindings::jwt::find_algorithm(text) ? nullptr : "RS256, ES256 or EdDSA";
}

}  // namespace keyswap::vault
