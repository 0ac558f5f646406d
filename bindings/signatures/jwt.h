// SPDX-License-Identifier: Apache-2.0
//
// JSON Web Tokens (RFC 7519) in compact form (RFC 7515 section 3.1), signed with a private key:
// RS256, ES256, EdDSA. What a vendor wants in them, bindings/schemes/jwt.cc and the sources that
// mint say. A token that we signed opens something, so it lies in locked memory (I1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/private_key.h"
#include "bindings/signatures/public_key.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings::jwt {

// There is no `none`, and no HMAC, whose secret could be taken for somebody's public key.
enum class Algorithm : std::uint8_t { rs256, es256, eddsa };

// "RS256", "ES256", "EdDSA"; nothing for others.
std::optional<Algorithm> find_algorithm(std::string_view name);
std::string_view name_of(Algorithm algorithm);

// A JSON object, its members in the order that they were added, without white space.
class Members {
 public:
  Members& add(std::string_view name, std::string_view text);
  Members& add(std::string_view name, std::int64_t number);
  // `json`: a value as it is written.
  Members& add_json(std::string_view name, std::string_view json);

  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// The token of a header and claims, each a JSON text, which have to agree with the algorithm.
// unsupported: the key is of another kind; unavailable: there is no locked memory.
base::Result<vault::Secret> sign(Algorithm algorithm,
                                 std::string_view header,
                                 std::string_view claims,
                                 const PrivateKey& key);

// A token of somebody else's, not verified.
struct Parts {
  std::string_view signed_text;  // of the token
  std::string header;            // decoded, as is what follows
  std::string claims;
  std::string signature;
};

// Nothing for what is no three parts of base64url without padding.
std::optional<Parts> read(std::string_view token);

// Is it a key of the algorithm's kind?
bool fits(Algorithm algorithm, const PublicKey& key);

// By that key, with that algorithm? (What the header says of the algorithm is not asked: who signed
// could have written anything there.)
bool is_signed_by(const Parts& parts, Algorithm algorithm, const PublicKey& key);

}  // namespace keyswap::bindings::jwt
