// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/jwt.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bindings/json.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::jwt {

namespace {

using base::Result;

constexpr std::array<std::string_view, 3> kNames = {"RS256", "ES256", "EdDSA"};

Result<std::string> signature_of(Algorithm algorithm,
                                 std::string_view text,
                                 const PrivateKey& key) {
  switch (algorithm) {
    case Algorithm::rs256:
      return key.sign_sha256_rsa_pkcs1(text);
    case Algorithm::es256:
      return key.sign_es256(text);
    case Algorithm::eddsa:
      return key.sign_ed25519(text);
  }
  KS_UNREACHABLE();
}

PublicKey::Kind kind_for(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
      return PublicKey::Kind::rsa;
    case Algorithm::es256:
      return PublicKey::Kind::p256;
    case Algorithm::eddsa:
      return PublicKey::Kind::ed25519;
  }
  KS_UNREACHABLE();
}

std::optional<std::string> decoded(std::string_view part) {
  std::string bytes(part.size(), '\0');
  const auto size = part.find('=') == std::string_view::npos
                        ? base::decode_base64url(part, {bytes.data(), bytes.size()})
                        : base::Error{base::Errc::invalid_input, "a part of a token is padded"};
  if (!size || *size == 0) {
    return std::nullopt;
  }
  bytes.resize(*size);
  return bytes;
}

}  // namespace

std::optional<Algorithm> find_algorithm(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name);
  return found == kNames.end() ? std::nullopt
                               : std::optional(static_cast<Algorithm>(found - kNames.begin()));
}

std::string_view name_of(Algorithm algorithm) {
  return kNames.at(static_cast<std::size_t>(algorithm));
}

Members& Members::add(std::string_view name, std::string_view text) {
  return add_json(name, json_string(text));
}

Members& Members::add(std::string_view name, std::int64_t number) {
  return add_json(name, std::to_string(number));
}

Members& Members::add_json(std::string_view name, std::string_view json) {
  members_.append(members_.empty() ? "" : ",").append(json_string(name));
  members_.append(":").append(json);
  return *this;
}

Result<vault::Secret> sign(Algorithm algorithm,
                           std::string_view header,
                           std::string_view claims,
                           const PrivateKey& key) {
  const auto text = base::to_base64url(header) + "." + base::to_base64url(claims);
  const auto signature = signature_of(algorithm, text, key);
  if (!signature) {
    return signature.error();
  }
  const auto last = base::to_base64url(*signature);
  auto token = vault::LockedBuffer::of_capacity(text.size() + 1 + last.size());
  if (!token) {
    return token.error();
  }
  KS_ASSERT(token->append(text) && token->append(".") && token->append(last));
  return vault::Secret::copy_of(token->reveal());
}

std::optional<Parts> read(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) {
    return std::nullopt;
  }
  auto header = decoded(token.substr(0, first));
  auto claims = decoded(token.substr(first + 1, second - first - 1));
  auto signature = decoded(token.substr(second + 1));
  if (!header || !claims || !signature) {
    return std::nullopt;
  }
  return Parts{
      token.substr(0, second), std::move(*header), std::move(*claims), std::move(*signature)};
}

bool fits(Algorithm algorithm, const PublicKey& key) {
  return key.kind() == kind_for(algorithm);
}

bool is_signed_by(const Parts& parts, Algorithm algorithm, const PublicKey& key) {
  return fits(algorithm, key) && key.verifies(parts.signed_text, parts.signature);
}

}  // namespace keyswap::bindings::jwt
